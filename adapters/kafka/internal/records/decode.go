package records

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/compress"
)

// decoder decompresses batches into a buffer that it keeps.
type decoder struct {
	source bytes.Reader
	buf    []byte
}

// decodedKept is how much memory a decoder keeps for the next batch.
const decodedKept = 8 << 20

// decode returns the decompressed form of src, at most limit bytes. It is valid
// until the next call.
//
// A few bytes can stand for gigabytes. The codecs give out what they decompress
// in pieces, so that the limit holds; but snappy and zstd first make room for as
// much as a number in the data tells them, so these are checked beforehand.
func (d *decoder) decode(codec int8, src []byte, limit int) ([]byte, error) {
	c := compress.Compression(codec).Codec()
	if c == nil {
		return nil, fmt.Errorf("%w: unknown codec %d", ErrCodec, codec)
	}
	room, err := claim(compress.Compression(codec), src)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCodec, c.Name(), err)
	}
	if room > uint64(limit) {
		return nil, fmt.Errorf("%w: %s wants %d bytes, the limit is %d", ErrTooLarge, c.Name(), room, limit)
	}
	d.source.Reset(src)
	r := c.NewReader(&d.source)
	defer r.Close()
	buf := d.buf[:0]
	if cap(buf) == 0 || cap(buf) > decodedKept {
		buf = make([]byte, 0, min(4*len(src)+512, decodedKept))
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return nil, fmt.Errorf("%w: more than %d bytes, once decompressed", ErrTooLarge, limit)
		case err == io.EOF:
			d.buf = buf
			return buf, nil
		case err != nil:
			return nil, fmt.Errorf("%w: %s: %w", ErrCodec, c.Name(), err)
		}
	}
}

// claim returns how much memory src makes its codec ask for at once.
func claim(codec compress.Compression, src []byte) (uint64, error) {
	switch codec {
	case compress.Snappy:
		return claimSnappy(src)
	case compress.Zstd:
		return claimZstd(src)
	}
	return 0, nil
}

// xerialMagic begins the framed form of snappy that Java clients write.
var xerialMagic = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

const xerialHeader = 16

// claimSnappy returns the largest block: each begins with its decoded length.
func claimSnappy(src []byte) (uint64, error) {
	if !bytes.HasPrefix(src, xerialMagic) || len(src) < xerialHeader {
		n, _ := binary.Uvarint(src)
		return n, nil
	}
	var most uint64
	for src = src[xerialHeader:]; len(src) >= 4; {
		size := binary.BigEndian.Uint32(src)
		src = src[4:]
		if uint64(size) > uint64(len(src)) {
			return 0, io.ErrUnexpectedEOF
		}
		n, _ := binary.Uvarint(src[:size])
		most = max(most, n)
		src = src[size:]
	}
	return most, nil
}

const (
	zstdMagic     = 0xFD2FB528
	zstdSkippable = 0x184D2A50
)

// claimZstd returns the largest window. It goes through the frames and their
// blocks, whose heads tell their lengths.
func claimZstd(src []byte) (uint64, error) {
	var most uint64
	for len(src) >= 4 {
		magic := binary.LittleEndian.Uint32(src)
		src = src[4:]
		if magic&^0xF == zstdSkippable {
			if len(src) < 4 || uint64(binary.LittleEndian.Uint32(src)) > uint64(len(src)-4) {
				return 0, io.ErrUnexpectedEOF
			}
			src = src[4+binary.LittleEndian.Uint32(src):]
			continue
		}
		if magic != zstdMagic {
			return most, nil // the codec will say so
		}
		window, head, sum := zstdFrame(src)
		if head == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		most = max(most, window)
		src = src[head:]
		for last := false; !last; {
			if len(src) < 3 {
				return 0, io.ErrUnexpectedEOF
			}
			block := uint32(src[0]) | uint32(src[1])<<8 | uint32(src[2])<<16
			last = block&1 != 0
			size := int(block >> 3)
			if block>>1&3 == 1 { // one byte, many times
				size = 1
			}
			if size > len(src)-3 {
				return 0, io.ErrUnexpectedEOF
			}
			src = src[3+size:]
		}
		if len(src) < sum {
			return 0, io.ErrUnexpectedEOF
		}
		src = src[sum:]
	}
	return most, nil
}

// zstdFrame reads a frame's head behind its magic number: the window, the length
// of the head, 0 when it is cut off, and that of the checksum behind the blocks.
func zstdFrame(src []byte) (window uint64, head, sum int) {
	if len(src) < 1 {
		return 0, 0, 0
	}
	d := src[0]
	single := d&0x20 != 0
	if d&4 != 0 {
		sum = 4
	}
	head = 1
	if !single {
		head++
	}
	head += [4]int{0, 1, 2, 4}[d&3] // dictionary
	content := [4]int{0, 2, 4, 8}[d>>6]
	if single && content == 0 {
		content = 1
	}
	if len(src) < head+content {
		return 0, 0, 0
	}
	if single {
		var n [8]byte
		copy(n[:], src[head:head+content])
		window = binary.LittleEndian.Uint64(n[:])
		if content == 2 {
			window += 256
		}
	} else {
		base := uint64(1) << (10 + src[1]>>3)
		window = base + base/8*uint64(src[1]&7)
	}
	return window, head + content, sum
}

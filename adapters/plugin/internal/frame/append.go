package frame

import (
	"encoding/binary"

	"github.com/halley-stream/halley/adapters"
)

// AppendRow appends an update or a snapshot; values[i] belongs to fields[i].
func AppendRow(dst []byte, op byte, item uint64, fields []adapters.Field, values [][]byte) []byte {
	n := min(len(fields), len(values), FieldsMax)
	dst = binary.AppendUvarint(append(dst, op), item)
	dst = binary.AppendUvarint(dst, uint64(n))
	for i, f := range fields[:n] {
		dst = binary.AppendUvarint(dst, uint64(f))
		v := values[i]
		if v == nil {
			dst = append(dst, 0)
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(len(v))+1)
		dst = append(dst, v...)
	}
	return dst
}

// AppendItem appends the end of a snapshot, or a clear.
func AppendItem(dst []byte, op byte, item uint64) []byte {
	return binary.AppendUvarint(append(dst, op), item)
}

// AppendFail appends a failure. A longer reason than ReasonMax is cut off.
func AppendFail(dst []byte, op byte, item uint64, reason string) []byte {
	return appendText(AppendItem(dst, op, item), reason[:min(len(reason), ReasonMax)])
}

// AppendField appends the definition of a field.
func AppendField(dst []byte, number uint64, name string) []byte {
	return appendText(AppendItem(dst, OpField, number), name)
}

// AppendDefine appends the definition of an item.
func AppendDefine(dst []byte, number uint64, mode adapters.Mode, kind adapters.SnapshotKind, name string) []byte {
	return appendText(append(AppendItem(dst, OpDefine, number), byte(mode), byte(kind)), name)
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

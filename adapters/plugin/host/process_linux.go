package host

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// ownGroup makes cmd the leader of a group, which ends with the thread that starts
// it: so no plugin stays when the server is killed.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup ends a process and all of its group.
func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) } // it may be gone already

// limitMemory bounds the memory that a process may take, from now on. What the
// kernel counts are the pages that only this process can write. The address space
// would be the wrong measure: Go and others reserve far more of it than they use.
func limitMemory(pid, bytes int) error {
	limit := syscall.Rlimit{Cur: uint64(bytes), Max: uint64(bytes)}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_DATA, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("limit of memory: %w", errno)
	}
	return nil
}

//go:build !linux

package heap

// adviseHugePages does nothing where there is no such advice to give.
func adviseHugePages() error { return nil }

package web

import (
	"io/fs"
	"regexp"
	"testing"
)

func TestThePageIsCompleteByItself(t *testing.T) {
	page, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllSubmatch(page, -1)
	if len(links) == 0 {
		t.Error("index.html loads neither script nor style")
	}
	for _, link := range links {
		name := string(link[1])
		if info, err := fs.Stat(Files(), name); err != nil {
			t.Errorf("index.html names %q, which is not among the files: %v", name, err)
		} else if info.Size() == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

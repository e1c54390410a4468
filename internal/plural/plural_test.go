package plural

import "testing"

func TestOf(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"0 resources": Of(0, "resource"), "1 resource": Of(1, "resource"), "2 resources": Of(2, "resource"),
		"1 deletion is": Of(1, "deletion is", "deletions are"), "3 deletions are": Of(3, "deletion is", "deletions are"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

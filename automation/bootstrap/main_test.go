package bootstrap_test

import (
	"os"
	"testing"

	"github.com/eks-platform/eks-platform/internal/storetest"
)

func TestMain(m *testing.M) {
	storetest.Credentials()
	os.Exit(m.Run())
}

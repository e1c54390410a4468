package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// careless breaks a rule in an argument, in a block, and through a reference.
const careless = `
resource "aws_eks_cluster" "c" {
  name     = "c"
  role_arn = "arn:aws:iam::111111111111:role/c"
  vpc_config {
    endpoint_public_access = true
    public_access_cidrs    = ["0.0.0.0/0"]
    subnet_ids             = []
  }
}
resource "aws_launch_template" "t" {
  metadata_options {
    http_tokens = "optional"
  }
}
resource "aws_cloudwatch_log_group" "quiet" {
  name       = "quiet"
  kms_key_id = "arn:aws:kms:eu-west-1:111111111111:key/1234"
}
`

func TestWhatIsCarelessIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "aws.tf"), []byte(careless), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := scan(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ rule, object string }{
		{"AWS-0040", "aws_eks_cluster.c"}, {"AWS-0039", "aws_eks_cluster.c"}, {"AWS-0130", "aws_launch_template.t"},
	} {
		if !slices.ContainsFunc(found, func(f finding) bool { return f.Rule == want.rule && f.Object == want.object }) {
			t.Errorf("%s is not found at %s: %v", want.rule, want.object, found)
		}
	}
	if slices.ContainsFunc(found, func(f finding) bool { return f.Object == "aws_cloudwatch_log_group.quiet" }) {
		t.Errorf("an encrypted log group is complained of: %v", found)
	}
}

func TestADirectoryWithoutResourcesIsNoCleanOne(t *testing.T) {
	t.Parallel()
	if _, err := scan(t.TempDir()); err == nil {
		t.Error("nothing was scanned, and nobody says so")
	}
	if err := run(t.TempDir()); err == nil {
		t.Error("a directory without environments is accepted")
	}
}

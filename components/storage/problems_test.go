package storage_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/storage"
)

func TestProblemsNameTheirPathAndRule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*storage.Args)
		path   string
		text   string
	}{
		{"a policy that does not exist", func(a *storage.Args) { a.GP3.ReclaimPolicy = "Recycle" }, "gp3.reclaimPolicy", "one of Delete, Retain"},
		{"too few operations", func(a *storage.Args) { a.GP3.IOPS = 2999 }, "gp3.iops", "at least 3000"},
		{"too many operations", func(a *storage.Args) { a.GP3.IOPS = 80001 }, "gp3.iops", "at most 80000"},
		{"too little throughput", func(a *storage.Args) { a.GP3.Throughput = 124 }, "gp3.throughput", "at least 125"},
		{"too much throughput", func(a *storage.Args) { a.GP3.IOPS, a.GP3.Throughput = 16000, 2001 }, "gp3.throughput", "at most 2000"},
		{"throughput without operations", func(a *storage.Args) { a.GP3.Throughput = 751 }, "gp3.throughput", "a quarter of the IOPS (750), got 751"},
		{"no driver for EBS", func(a *storage.Args) { a.EBSDriver = false }, "gp3.enabled", "addons.ebsCsi.enabled"},
		{"two default classes", func(a *storage.Args) { a.DefaultClassElsewhere = true }, "gp3.default", "addons.ebsCsi.defaultStorageClass"},
		{"no driver for EFS", func(a *storage.Args) { a.EFSDriver = false }, "efs", "addons.efsCsi"},
		{"no file system", func(a *storage.Args) { a.EFS.Create = nil }, "efs", "needs a file system"},
		{"two file systems", func(a *storage.Args) { a.EFS.FileSystemID = "fs-0123456789abcdef0" }, "efs.fileSystemId", "combined with create"},
		{"the name of a file system", func(a *storage.Args) { a.EFS.Create, a.EFS.FileSystemID = nil, "shared" }, "efs.fileSystemId", `"shared" does not match the required pattern`},
		{"permissions that are not octal", func(a *storage.Args) { a.EFS.DirectoryPermissions = "rwx" }, "efs.directoryPermissions", "required pattern"},
		{"a range from nothing", func(a *storage.Args) { a.EFS.GIDRange = &storage.GIDRange{End: 10} }, "efs.gidRange.start", "at least 1, got 0"},
		{"a range backwards", func(a *storage.Args) { a.EFS.GIDRange = &storage.GIDRange{Start: 10, End: 9} }, "efs.gidRange", "got 10 to 9"},
		{"an alias for a key", func(a *storage.Args) { a.EFS.Create.KMSKeyARN = "arn:aws:kms:eu-west-1:111111111111:alias/x" }, "efs.create.kmsKeyArn", "aliases are not accepted"},
		{"a key elsewhere", func(a *storage.Args) { a.EFS.Create.KMSKeyARN = "arn:aws:kms:eu-west-2:111111111111:key/x" }, "efs.create.kmsKeyArn", "in eu-west-1"},
		{"a mode that does not exist", func(a *storage.Args) { a.EFS.Create.Throughput = "provisioned" }, "efs.create.throughput", "one of elastic, bursting"},
		{"a day that EFS does not know", func(a *storage.Args) { a.EFS.Create.InfrequentAccessDays = new(31) }, "efs.create.infrequentAccessDays", "got 31"},
		{"a day of archiving that EFS does not know", func(a *storage.Args) { a.EFS.Create.ArchiveDays = new(91) }, "efs.create.archiveDays", "got 91"},
		{"archiving what is still in use", func(a *storage.Args) { a.EFS.Create.ArchiveDays = new(30) }, "efs.create.archiveDays", "more than infrequentAccessDays (30)"},
		{"archiving without a step between", func(a *storage.Args) { a.EFS.Create.InfrequentAccessDays = new(0) }, "efs.create.archiveDays", "only through Infrequent Access"},
		{"archiving with bursting", func(a *storage.Args) { a.EFS.Create.Throughput = storage.Bursting }, "efs.create.archiveDays", "needs elastic throughput"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := arguments(t, ownSystem)
			require.Empty(t, args.Problems())
			tc.change(args)
			got := args.Problems()
			require.Len(t, got, 1, "%v", got)
			assert.Equal(t, tc.path, got[0].Path)
			assert.Contains(t, got[0].Message, tc.text)
		})
	}
}

func TestADefaultClassElsewhereIsFineWithANonDefaultOne(t *testing.T) {
	t.Parallel()
	args := arguments(t, `{"gp3": {"default": false}}`)
	args.DefaultClassElsewhere = true
	assert.Empty(t, args.Problems())
	args = arguments(t, `{"gp3": {"enabled": false}}`)
	args.DefaultClassElsewhere, args.EBSDriver = true, false
	assert.Empty(t, args.Problems())
}

func TestDefaultsAreWhatTheSettingsSay(t *testing.T) {
	t.Parallel()
	yes := true
	gp3 := storage.GP3{Enabled: &yes, Default: &yes, ReclaimPolicy: storage.Delete}
	s, problems := read(t, nothingSaid)
	assert.Empty(t, problems)
	assert.Equal(t, storage.Settings{GP3: gp3}, s)
	s, problems = read(t, ownSystem)
	assert.Empty(t, problems)
	assert.Equal(t, storage.Settings{GP3: gp3, EFS: &storage.EFS{
		ReclaimPolicy: storage.Delete, DirectoryPermissions: "700",
		Create: &storage.FileSystem{
			Throughput: storage.Elastic, InfrequentAccessDays: new(30), ArchiveDays: new(90), Backup: &yes, Protect: &yes,
		},
	}}, s)
	s, problems = read(t, otherSystem)
	assert.Empty(t, problems)
	assert.Nil(t, s.EFS.Create)
}

func TestTheSchemaRefusesWhatASettingCannotBe(t *testing.T) {
	t.Parallel()
	_, problems := read(t, `{
		"gp3": {"iops": 1, "encrypted": false},
		"efs": {"fileSystemId": "nfs", "gidRange": {"start": 5}, "create": {"infrequentAccessDays": 45, "throughput": "maximum"}}
	}`)
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	assert.ElementsMatch(t, []string{
		"gp3.iops", "gp3.encrypted", "efs.fileSystemId", "efs.gidRange.end", "efs.create.infrequentAccessDays", "efs.create.throughput",
	}, paths)
}

package storage

import (
	"regexp"
	"slices"

	"github.com/eks-platform/eks-platform/internal/problem"
)

var (
	keyARN       = regexp.MustCompile(`^arn:[a-z-]+:kms:([a-z0-9-]+):[0-9]{12}:key/[0-9A-Za-z-]+$`)
	fileSystemID = regexp.MustCompile(`^fs-[0-9a-f]{8,40}$`)
	permissions  = regexp.MustCompile(`^[0-7]{3,4}$`)
	// days are EFS's (https://docs.aws.amazon.com/efs/latest/ug/API_LifecyclePolicy.html), and 0 for never.
	days = []int{0, 1, 7, 14, 30, 60, 90, 180, 270, 365}
)

// gp3IOPS is what a gp3 volume has when nothing is said.
const gp3IOPS = 3000

// Problems returns everything that is wrong with the settings, with paths relative to them.
func (s Settings) Problems() problem.List {
	var out problem.List
	if s.GP3.Enabled {
		out = append(out, s.GP3.problems().Under("gp3")...)
	}
	if s.EFS != nil {
		out = append(out, s.EFS.problems().Under("efs")...)
	}
	return out
}

// problems holds a class against what EBS makes (https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html).
func (s GP3) problems() problem.List {
	var out problem.List
	s.ReclaimPolicy.problems(&out)
	iops := s.IOPS
	if iops == 0 {
		iops = gp3IOPS
	}
	if iops < gp3IOPS || iops > 80000 {
		out.Add("iops", "must be %d to 80000, got %d", gp3IOPS, iops)
		return out
	}
	switch t := s.Throughput; {
	case t == 0:
	case t < 125 || t > 2000:
		out.Add("throughput", "must be 125 to 2000 MiB/s, got %d", t)
	case 4*t > iops:
		out.Add("throughput", "must not exceed a quarter of the IOPS (%d), got %d", iops/4, t)
	}
	return out
}

func (p ReclaimPolicy) problems(out *problem.List) {
	if p != Delete && p != Retain {
		out.Add("reclaimPolicy", "must be Delete or Retain, got %q", p)
	}
}

func (s *EFS) problems() problem.List {
	var out problem.List
	switch {
	case s.Create == nil && s.FileSystemID == "":
		out.Add("", "needs a file system: set create (to {} for the defaults), or fileSystemId for one that is there")
	case s.Create != nil && s.FileSystemID != "":
		out.Add("fileSystemId", "must not stand beside create")
	case s.Create == nil && !fileSystemID.MatchString(s.FileSystemID):
		out.Add("fileSystemId", "must be the id of an EFS file system, such as fs-0123456789abcdef0, got %q", s.FileSystemID)
	}
	s.ReclaimPolicy.problems(&out)
	if !permissions.MatchString(s.DirectoryPermissions) {
		out.Add("directoryPermissions", "must be octal permissions, such as 700, got %q", s.DirectoryPermissions)
	}
	if r := s.GIDRange; r != nil && (r.Start < 1 || r.End <= r.Start || r.End > 4294967295) {
		out.Add("gidRange", "must go from 1 or more up to 4294967295 or less, got %d to %d", r.Start, r.End)
	}
	if s.Create != nil {
		out = append(out, s.Create.problems().Under("create")...)
	}
	return out
}

func (f *FileSystem) problems() problem.List {
	var out problem.List
	if f.KMSKeyARN != "" && !keyARN.MatchString(f.KMSKeyARN) {
		out.Add("kmsKeyArn", "must be the ARN of a KMS key, not of an alias, got %q", f.KMSKeyARN)
	}
	if f.Throughput != Elastic && f.Throughput != Bursting {
		out.Add("throughput", "must be elastic or bursting, got %q", f.Throughput)
	}
	infrequent, archive := f.InfrequentAccessDays, f.ArchiveDays
	if !slices.Contains(days, infrequent) {
		out.Add("infrequentAccessDays", "must be one of %v, got %d", days, infrequent)
	}
	// https://docs.aws.amazon.com/efs/latest/ug/lifecycle-management-efs.html
	switch {
	case !slices.Contains(days, archive):
		out.Add("archiveDays", "must be one of %v, got %d", days, archive)
	case archive == 0:
	case infrequent == 0:
		out.Add("archiveDays", "must be 0 where infrequentAccessDays is: files reach Archive by way of Infrequent Access")
	case archive <= infrequent:
		out.Add("archiveDays", "must be more than infrequentAccessDays (%d), got %d", infrequent, archive)
	case f.Throughput == Bursting:
		out.Add("archiveDays", "must be 0 with bursting throughput: EFS archives with elastic only")
	}
	return out
}

// Problems returns what is wrong with the settings, and with them in this stack. Paths are those of the settings.
func (a *Args) Problems() problem.List {
	out := a.Settings.Problems()
	if a.GP3.Enabled {
		if !a.EBSDriver {
			out.Add("gp3.enabled", "needs the EBS driver: turn addons.ebsCsi.enabled on, or this off")
		}
		if a.GP3.Default && a.DefaultClassElsewhere {
			out.Add("gp3.default", "must be off while addons.ebsCsi.defaultStorageClass makes another class the default one; better turn that off, its volumes are not encrypted")
		}
	}
	if a.EFS == nil {
		return out
	}
	if !a.EFSDriver {
		out.Add("efs", "needs the EFS driver: set addons.efsCsi")
	}
	if f := a.EFS.Create; f != nil {
		if m := keyARN.FindStringSubmatch(f.KMSKeyARN); m != nil && m[1] != a.Region {
			out.Add("efs.create.kmsKeyArn", "must be a key in %s, the cluster's region, got one in %s", a.Region, m[1])
		}
	}
	return out
}

package storage

import (
	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// gp3IOPS is the default IOPS of a gp3 volume.
const gp3IOPS = 3000

// Problems returns everything that is wrong with the settings, and with them in this stack. Paths are those of the
// settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	var out problem.List
	if *a.GP3.Enabled {
		// https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
		iops := a.GP3.IOPS
		if iops == 0 {
			iops = gp3IOPS
		}
		if t := a.GP3.Throughput; 4*t > iops {
			out.Relate("gp3.throughput", []string{"gp3.throughput", "gp3.iops"}, "must not exceed a quarter of the IOPS (%d), got %d", iops/4, t)
		}
		if !a.EBSDriver {
			out.Relate("gp3.enabled", []string{"gp3.enabled", "$.addons.ebsCsi.enabled"}, "needs the EBS driver: turn addons.ebsCsi.enabled on, or turn this off")
		}
		if *a.GP3.Default && a.DefaultClassElsewhere {
			out.Relate("gp3.default", []string{"gp3.default", "gp3.enabled", "$.addons.ebsCsi"}, "must be off while addons.ebsCsi.defaultStorageClass "+
				"makes another class the default; turn that off instead, because its volumes are not encrypted")
		}
	}
	if a.EFS == nil {
		return out
	}
	if !a.EFSDriver {
		out.Relate("efs", []string{"$.addons.efsCsi"}, "needs the EFS driver: set addons.efsCsi")
	}
	return append(out, a.efsProblems().Under("efs")...)
}

func (a *Args) efsProblems() problem.List {
	var out problem.List
	s := a.EFS
	both := []string{"create", "fileSystemId"}
	switch {
	case s.Create == nil && s.FileSystemID == "":
		out.Relate("", both, "needs a file system: set create (to {} for the defaults), or fileSystemId for an existing one")
	case s.Create != nil && s.FileSystemID != "":
		out.Relate("fileSystemId", both, "cannot be combined with create")
	}
	if r := s.GIDRange; r != nil && r.End <= r.Start {
		out.Relate("gidRange", []string{"gidRange.start", "gidRange.end"}, "must not end before it starts, got %d to %d", r.Start, r.End)
	}
	f := s.Create
	if f == nil {
		return out
	}
	if wrong := (arn.Place{Region: a.Region}).Elsewhere(f.KMSKeyARN); wrong != "" {
		out.Relate("create.kmsKeyArn", []string{"create.kmsKeyArn", "$.aws.region"}, "%s", wrong)
	}
	// https://docs.aws.amazon.com/efs/latest/ug/lifecycle-management-efs.html
	infrequent, archive := *f.InfrequentAccessDays, *f.ArchiveDays
	days := []string{"create.archiveDays", "create.infrequentAccessDays"}
	switch {
	case archive == 0:
	case infrequent == 0:
		out.Relate("create.archiveDays", days, "must be 0 if infrequentAccessDays is 0: files reach Archive only through Infrequent Access")
	case archive <= infrequent:
		out.Relate("create.archiveDays", days, "must be more than infrequentAccessDays (%d), got %d", infrequent, archive)
	case f.Throughput == Bursting:
		out.Relate("create.archiveDays", []string{"create.archiveDays", "create.throughput"}, "must be 0 with bursting throughput: Archive needs elastic throughput")
	}
	return out
}

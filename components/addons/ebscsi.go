package addons

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

// ebsConfiguration is the configuration of aws-ebs-csi-driver. The driver's node pods tolerate every taint by default.
type ebsConfiguration struct {
	Controller          ebsController    `json:"controller"`
	DefaultStorageClass *ebsStorageClass `json:"defaultStorageClass,omitempty"`
}

type ebsController struct {
	NodeSelector    map[string]string `json:"nodeSelector"`
	ExtraVolumeTags map[string]string `json:"extraVolumeTags,omitempty"`
}

type ebsStorageClass struct {
	Enabled bool `json:"enabled"`
}

// createEBSIdentity creates the driver's role ahead of the driver.
func (b *builder) createEBSIdentity(a *Addons) error {
	s := b.args.EBSCSI
	if !*s.Enabled {
		return nil
	}
	who, err := b.newIdentity("ebs-csi", "ebs-csi-controller-sa", "EBS volumes of the EKS cluster's pods")
	if err != nil {
		return err
	}
	// This policy is limited to volumes and snapshots with the driver's tag; its predecessor covered all of the account's
	// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEBSCSIDriverPolicyV2.html).
	if err := who.attach("AmazonEBSCSIDriverPolicyV2"); err != nil {
		return err
	}
	if s.VolumeKeyARN != "" {
		if err := who.allow("volume-key", volumeKeyPolicy(s.VolumeKeyARN)); err != nil {
			return err
		}
	}
	a.ebs = who
	return nil
}

// volumeKeyPolicy lets the driver use a KMS key for volumes
// (https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html).
func volumeKeyPolicy(key string) iamdoc.Document {
	return iamdoc.Document{Statements: []iamdoc.Statement{
		{
			Sid: "GrantToEBS", Actions: []string{"kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"}, Resources: []string{key},
			Conditions: map[string]map[string][]string{"Bool": {"kms:GrantIsForAWSResource": {"true"}}},
		},
		{
			Sid:       "UseForVolumes",
			Actions:   []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"},
			Resources: []string{key},
		},
	}}
}

func (b *builder) createEBSCSI(a *Addons, after []pulumi.Resource) error {
	s := b.args.EBSCSI
	if !*s.Enabled {
		return nil
	}
	configuration := ebsConfiguration{Controller: ebsController{NodeSelector: onDemand, ExtraVolumeTags: b.args.Tags}}
	if s.DefaultStorageClass {
		configuration.DefaultStorageClass = &ebsStorageClass{Enabled: true}
	}
	return b.configured(addon{name: "aws-ebs-csi-driver", version: s.Version, identity: a.ebs, after: after}, configuration)
}

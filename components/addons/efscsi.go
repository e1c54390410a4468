package addons

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// efsConfiguration is the configuration of aws-efs-csi-driver. The driver's node pods tolerate every taint by default
// (https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/charts/aws-efs-csi-driver/values.yaml,
// node.tolerations).
type efsConfiguration struct {
	Controller efsController `json:"controller"`
}

type efsController struct {
	NodeSelector map[string]string `json:"nodeSelector"`
}

// createEFSIdentity creates the driver's role ahead of the driver. The role creates access points, and deletes those that
// it created; nodes mount without a role.
func (b *builder) createEFSIdentity(a *Addons) error {
	if b.args.EFSCSI == nil {
		return nil
	}
	who, err := b.newIdentity("efs-csi", "efs-csi-controller-sa", "EFS volumes of the EKS cluster's pods")
	if err != nil {
		return err
	}
	if err := who.attach("service-role/AmazonEFSCSIDriverPolicy"); err != nil {
		return err
	}
	a.efs = who
	return nil
}

func (b *builder) createEFSCSI(a *Addons, after []pulumi.Resource) error {
	s := b.args.EFSCSI
	if s == nil {
		return nil
	}
	return b.configured(addon{name: "aws-efs-csi-driver", version: s.Version, identity: a.efs, after: after},
		efsConfiguration{Controller: efsController{NodeSelector: onDemand}})
}

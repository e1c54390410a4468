package stacks

import (
	"github.com/eks-platform/eks-platform/components/admission"
	"github.com/eks-platform/eks-platform/components/autoscaling"
	"github.com/eks-platform/eks-platform/components/ingress"
	"github.com/eks-platform/eks-platform/components/logging"
	"github.com/eks-platform/eks-platform/components/podcleanup"
	"github.com/eks-platform/eks-platform/components/secrets"
	"github.com/eks-platform/eks-platform/components/storage"
	"github.com/eks-platform/eks-platform/components/tenancy"
	"github.com/eks-platform/eks-platform/internal/service"
)

// services are what the platform runs on a cluster, in the order of their registration.
var services = service.Registry{
	admission.Service,
	secrets.Service,
	ingress.Service,
	autoscaling.Service,
	storage.Service,
	podcleanup.Service,
	logging.Service,
	tenancy.Service,
}

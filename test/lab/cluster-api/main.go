// The controllers of Cluster API that a remediation is about, as Cluster API's own manager runs them (core/main.go): the
// MachineHealthCheck controller, and the MachineSet controller, which replaces machines. Without webhooks and elections.
package main

import (
	"os"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/klog/v2"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	"sigs.k8s.io/cluster-api/core/reconcilers/machinehealthcheck"
	"sigs.k8s.io/cluster-api/core/reconcilers/machineset"
	"sigs.k8s.io/cluster-api/core/setup"
	"sigs.k8s.io/cluster-api/util/index"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func must(err error) {
	if err != nil {
		klog.Error(err)
		os.Exit(1)
	}
}

func main() {
	ctrl.SetLogger(klog.Background())
	ctx := ctrl.SetupSignalHandler()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, corev1.AddToScheme, clusterv1.AddToScheme, apiextensionsv1.AddToScheme,
	} {
		must(add(scheme))
	}
	// $KUBECONFIG
	rest, err := config.GetConfig()
	must(err)
	mgr, err := ctrl.NewManager(rest, ctrl.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
		Client:  setup.ManagerClientOptions(),
	})
	must(err)
	must(index.AddDefaultIndexes(ctx, mgr))
	secrets, err := client.New(mgr.GetConfig(), client.Options{HTTPClient: mgr.GetHTTPClient(), Scheme: scheme})
	must(err)
	one := controller.Options{MaxConcurrentReconciles: 1}
	clusters, err := clustercache.SetupWithManager(ctx, mgr, clustercache.Options{
		SecretClient: secrets,
		Cache:        setup.ClusterCacheCacheOptions(),
		Client:       setup.ClusterCacheClientOptions("kubelet-medic-lab", 20, 30),
	}, one)
	must(err)
	must((&machinehealthcheck.Reconciler{Client: mgr.GetClient(), ClusterCache: clusters}).SetupWithManager(ctx, mgr, one))
	must((&machineset.Reconciler{
		Client: mgr.GetClient(), APIReader: mgr.GetAPIReader(), ClusterCache: clusters,
	}).SetupWithManager(ctx, mgr, one))
	must(mgr.Start(ctx))
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	imagesapi "github.com/containerd/containerd/api/services/images/v1"
	leasesapi "github.com/containerd/containerd/api/services/leases/v1"
	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/api/types"
	"github.com/containerd/containerd/v2/core/content"
	contentproxy "github.com/containerd/containerd/v2/core/content/proxy"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	leasesproxy "github.com/containerd/containerd/v2/core/leases/proxy"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	snapshotsproxy "github.com/containerd/containerd/v2/core/snapshots/proxy"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

const (
	containerdSocket = "/run/containerd/containerd.sock"
	snapshotter      = "overlayfs"
	snapshotsRoot    = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots"
	// namespace is the one that kubelet's images are in.
	namespace = "k8s.io"

	// loadedLabel is core's: what an image was loaded from. kubelet leaves those alone that are pinned.
	loadedLabel = "knest.dev/loaded"
	pinnedLabel = "io.cri-containerd.pinned"
	// Of the labels by which containerd knows what must stay.
	snapshotReference = "containerd.io/gc.ref.snapshot." + snapshotter
)

// containerd is the one of this node.
type containerd struct {
	content   content.Store
	snapshots snapshots.Snapshotter
	images    imagesapi.ImagesClient
}

// withContainerd does something while nothing of it is taken for garbage.
func withContainerd(ctx context.Context, do func(context.Context, *containerd) error) error {
	connection, err := grpc.NewClient("unix://"+containerdSocket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx = namespaces.WithNamespace(ctx, namespace)
	holder := leasesproxy.NewLeaseManager(leasesapi.NewLeasesClient(connection))
	lease, err := holder.Create(ctx, leases.WithRandomID(), leases.WithExpiration(time.Hour))
	if err != nil {
		return fmt.Errorf("containerd: %w", err)
	}
	err = do(leases.WithLease(ctx, lease.ID), &containerd{
		content:   contentproxy.NewContentStore(connection),
		snapshots: snapshotsproxy.NewSnapshotter(snapshotsapi.NewSnapshotsClient(connection), snapshotter),
		images:    imagesapi.NewImagesClient(connection),
	})
	// One that stays ends by itself.
	_ = holder.Delete(context.WithoutCancel(ctx), lease)
	return err
}

// link gives this node's containerd images of the store, under their names. Done again it does nothing.
func (s *store) link(ctx context.Context, node *containerd, all []image) error {
	for _, one := range all {
		if err := s.linkOne(ctx, node, one); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	return nil
}

func (s *store) linkOne(ctx context.Context, node *containerd, one image) error {
	err := s.locked(func() error {
		for _, layer := range one.Layers {
			if _, err := os.Stat(s.path("layers", layer.Directory, "fs")); err != nil {
				return err
			}
		}
		return s.noteUse(one.directories()...)
	})
	if err != nil {
		return err
	}
	parent := ""
	for _, layer := range one.Layers {
		if err := node.snapshot(ctx, layer.Chain.String(), parent, s.path("layers", layer.Directory, "fs")); err != nil {
			return err
		}
		parent = layer.Chain.String()
	}
	for _, blob := range one.Blobs {
		text, err := os.ReadFile(s.blob(blob.Digest))
		if err != nil {
			return err
		}
		if err := node.document(ctx, blob, text, labelsOf(ctx, one, blob, text, parent)); err != nil {
			return err
		}
	}
	return node.name(ctx, one)
}

// snapshot makes one of the given name that leads to a folder.
func (c *containerd) snapshot(ctx context.Context, name, parent, folder string) error {
	if _, err := c.snapshots.Stat(ctx, name); !errdefs.IsNotFound(err) {
		return err
	}
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	key := "knest-images-" + hex.EncodeToString(random)
	mounts, err := c.snapshots.Prepare(ctx, key, parent)
	if err != nil {
		return err
	}
	own, err := upper(mounts)
	if err == nil {
		err = leadTo(own, folder)
	}
	if err == nil {
		err = c.snapshots.Commit(ctx, name, key)
	}
	if err == nil {
		return nil
	}
	_ = c.snapshots.Remove(context.WithoutCancel(ctx), key)
	if errdefs.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// upper gives the folder that a snapshot writes to.
func upper(mounts []mount.Mount) (string, error) {
	if len(mounts) == 1 && mounts[0].Type == "bind" {
		return mounts[0].Source, nil
	}
	for _, one := range mounts {
		for _, option := range one.Options {
			if path, is := strings.CutPrefix(option, "upperdir="); is {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("containerd's snapshot is none that can be shared: %v", mounts)
}

func leadTo(link, folder string) error {
	if filepath.Dir(filepath.Dir(link)) != snapshotsRoot {
		return fmt.Errorf("containerd keeps its snapshots elsewhere: %s", link)
	}
	if err := os.Remove(link); err != nil {
		return err
	}
	return os.Symlink(folder, link)
}

// labelsOf gives the labels by which containerd keeps what a document names.
func labelsOf(ctx context.Context, one image, blob ocispec.Descriptor, text []byte, top string) map[string]string {
	if blob.Digest == one.Config {
		return map[string]string{snapshotReference: top}
	}
	labels := map[string]string{}
	children, err := images.Children(ctx, single{blob.Digest, text}, blob)
	if err != nil {
		return labels
	}
	for at, child := range children {
		for _, prefix := range images.ChildGCLabels(child) {
			key := prefix
			if strings.HasSuffix(prefix, ".") {
				key = fmt.Sprintf("%s%d", prefix, at)
			}
			labels[key] = child.Digest.String()
		}
	}
	return labels
}

func (c *containerd) document(ctx context.Context, blob ocispec.Descriptor, text []byte, labels map[string]string) error {
	err := content.WriteBlob(ctx, c.content, "knest-images-"+blob.Digest.String(), bytes.NewReader(text), blob, content.WithLabels(labels))
	if err != nil {
		return err
	}
	// One that was there already may have been without them.
	fields := make([]string, 0, len(labels))
	for key := range labels {
		fields = append(fields, "labels."+key)
	}
	if len(fields) == 0 {
		return nil
	}
	_, err = c.content.Update(ctx, content.Info{Digest: blob.Digest, Labels: labels}, fields...)
	return err
}

func (c *containerd) name(ctx context.Context, one image) error {
	wanted := &imagesapi.Image{
		Name:   one.Name,
		Labels: map[string]string{loadedLabel: one.Loaded, pinnedLabel: "pinned"},
		Target: &types.Descriptor{MediaType: one.Target.MediaType, Digest: one.Target.Digest.String(), Size: one.Target.Size},
	}
	_, err := c.images.Create(ctx, &imagesapi.CreateImageRequest{Image: wanted})
	if errdefs.IsAlreadyExists(errgrpc.ToNative(err)) {
		mask := &fieldmaskpb.FieldMask{Paths: []string{"target", "labels." + loadedLabel, "labels." + pinnedLabel}}
		_, err = c.images.Update(ctx, &imagesapi.UpdateImageRequest{Image: wanted, UpdateMask: mask})
	}
	return err
}

// single provides one document.
type single struct {
	digest digest.Digest
	text   []byte
}

func (s single) ReaderAt(_ context.Context, of ocispec.Descriptor) (content.ReaderAt, error) {
	if of.Digest != s.digest {
		return nil, errdefs.ErrNotFound
	}
	return &headReader{head: s.text}, nil
}

// knest-images keeps what `knest load` brought once for all nodes of a cluster that are pods of one machine: a folder of
// the machine that they share has each image unpacked, and each node's containerd has snapshots that lead there.
//
//	knest-images store               prints what the folder is known by, and "NAME DIGEST LOADED" of each image in it
//	knest-images import LOADED       reads an archive (OCI or Docker, plain or compressed) from standard input
//	knest-images link NAME…          gives images of the folder to this node's containerd
//	knest-images export NAME         writes an image as an OCI archive to standard output
//	knest-images rm NAME…            images are no longer in the folder; what no node runs is deleted
//	knest-images tidy                deletes what no node runs and no image needs, and folders of clusters that are gone
//	knest-images clear               deletes the cluster's folder
//
// Where nodes share no folder it ends with 3; so does "export" of an image that the folder does not have.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	// sharedRoot is mounted from the machine, with a folder for each cluster.
	sharedRoot = "/knest/images"
	// clusterVariable is the uid of the cluster, which names its folder.
	clusterVariable = "KNEST_CLUSTER"
	nodeVariable    = "KNEST_NODE_NAME"
)

// errNothingShared ends the program with 3.
var errNothingShared = errors.New("nothing is shared here")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM, unix.SIGINT)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, errNothingShared):
		os.Exit(3)
	case err != nil:
		fmt.Fprintf(os.Stderr, "knest-images: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("what is to be done? store, import, link, export, rm, tidy or clear")
	}
	store, err := here()
	if err != nil {
		return err
	}
	words := args[1:]
	switch args[0] {
	case "store":
		return printStore(store)
	case "import":
		if len(words) != 1 {
			return errors.New("import needs what it is loaded from")
		}
		return withContainerd(ctx, func(ctx context.Context, node *containerd) error {
			images, err := store.importArchive(ctx, os.Stdin, words[0])
			if err != nil {
				return err
			}
			if err := store.link(ctx, node, images); err != nil {
				return err
			}
			for _, image := range images {
				fmt.Printf("loaded %s\n", image.Name)
			}
			return store.tidy()
		})
	case "link":
		return withContainerd(ctx, func(ctx context.Context, node *containerd) error {
			images, err := store.named(words)
			if err != nil {
				return err
			}
			return store.link(ctx, node, images)
		})
	case "export":
		images, err := store.named(words)
		if err != nil {
			return errNothingShared
		}
		return store.export(os.Stdout, images[0])
	case "rm":
		return store.remove(words)
	case "tidy":
		if err := store.tidy(); err != nil {
			return err
		}
		return tidyOthers(filepath.Dir(store.root), filepath.Base(store.root))
	case "clear":
		return store.clear()
	}
	return fmt.Errorf("unknown command %q", args[0])
}

// here is the store of this node's cluster.
func here() (*store, error) {
	cluster, node := os.Getenv(clusterVariable), os.Getenv(nodeVariable)
	var root, own unix.Stat_t
	if cluster == "" || node == "" || unix.Stat(sharedRoot, &root) != nil || unix.Stat(filepath.Dir(sharedRoot), &own) != nil {
		return nil, errNothingShared
	}
	// A folder of the node's own is no folder of the machine.
	if root.Dev == own.Dev {
		return nil, errNothingShared
	}
	return &store{root: filepath.Join(sharedRoot, cluster), node: node, snapshots: snapshotsRoot}, nil
}

func printStore(store *store) error {
	id, err := store.id()
	if err != nil {
		return err
	}
	fmt.Printf("store %s\n", id)
	images, err := store.images()
	for _, image := range images {
		fmt.Printf("shared %s %s %s\n", image.Name, image.Target.Digest, image.Loaded)
	}
	return err
}

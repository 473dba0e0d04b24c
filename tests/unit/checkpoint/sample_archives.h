/* Archives as containerd 2.3 and CRI-O 1.37 leave them, with their files in their order. */
#ifndef TESTS_SAMPLE_ARCHIVES_H
#define TESTS_SAMPLE_ARCHIVES_H

#include "../archive/tar_builder.h"

static const char sample_containerd_config[] =
	"{\"id\":\"4d5b9c0a6b0e\",\"name\":\"\",\"rootfsImage\":\"docker.io/library/redis:8\","
	"\"rootfsImageRef\":\"docker.io/library/redis@sha256:"
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
	"\"rootfsImageName\":\"docker.io/library/redis:8\",\"runtime\":\"io.containerd.runc.v2\","
	"\"createdTime\":\"2026-11-21T21:00:00.5Z\","
	"\"checkpointedTime\":\"2026-11-21T22:00:00.123456789+01:00\","
	"\"restoredTime\":\"0001-01-01T00:00:00Z\",\"restored\":false}";

static const char sample_containerd_spec[] =
	"{\"ociVersion\":\"1.2.1\",\"process\":{\"args\":[\"redis-server\"],\"cwd\":\"/data\"},"
	"\"hostname\":\"cache-0\",\"annotations\":{"
	"\"io.kubernetes.cri.container-name\":\"redis\","
	"\"io.kubernetes.cri.container-type\":\"container\","
	"\"io.kubernetes.cri.image-name\":\"docker.io/library/redis:8\","
	"\"io.kubernetes.cri.sandbox-id\":\"9f8e\","
	"\"io.kubernetes.cri.sandbox-name\":\"cache-0\","
	"\"io.kubernetes.cri.sandbox-namespace\":\"shop\","
	"\"io.kubernetes.cri.sandbox-uid\":\"0f4b2c1e-8d2a-4a53-9f1e-2d9be6a1a001\"}}";

static const char sample_crio_config[] =
	"{\n     \"id\": \"77aa\",\n     \"name\": \"k8s_redis_cache-0_shop_0f4b_0\",\n"
	"     \"rootfsImage\": \"redis:8\",\n     \"rootfsImageRef\": \"b1a2c3\",\n"
	"     \"rootfsImageName\": \"docker.io/library/redis:8\",\n     \"runtime\": \"crun\",\n"
	"     \"createdTime\": \"2026-11-21T21:00:00Z\",\n"
	"     \"checkpointedTime\": \"2026-11-21T22:00:00Z\",\n"
	"     \"restoredTime\": \"0001-01-01T00:00:00Z\",\n     \"restored\": true\n}";

static const char sample_crio_spec[] =
	"{\"ociVersion\":\"1.2.1\",\"annotations\":{"
	"\"io.container.manager\":\"cri-o\","
	"\"io.kubernetes.container.name\":\"redis\","
	"\"io.kubernetes.cri-o.ContainerType\":\"container\","
	"\"io.kubernetes.cri-o.LogPath\":\"/var/log/pods/shop_cache-0_0f4b/redis/0.log\","
	"\"io.kubernetes.pod.name\":\"cache-0\","
	"\"io.kubernetes.pod.namespace\":\"shop\","
	"\"io.kubernetes.pod.terminationGracePeriod\":\"30\","
	"\"io.kubernetes.pod.uid\":\"0f4b2c1e-8d2a-4a53-9f1e-2d9be6a1a001\"}}";

/* Image version 2; a dump that froze for 74,565 us. */
#define SAMPLE_INVENTORY STR("\x16\x31\x31\x58\x02\0\0\0\x08\x02")
#define SAMPLE_STATS     STR("\x40\x59\x10\x55\x06\x33\x09\x57\x06\0\0\0\x0a\x04\x10\xc5\xc6\x04")

static const char sample_dump_log[] = "(00.000064) Version: 4.2.1 (gitid 0)\n"
				      "(00.000115) Running on node Linux 6.12.0 x86_64\n"
				      "(00.210000) Dumping finished successfully\n";

/* Three files of pages, 10,000 bytes together, and other images. */
static inline void sample_images(struct tar *tar)
{
	char pages[5000] = {0};

	tar_add_directory(tar, "checkpoint/");
	tar_add_text(tar, "checkpoint/core-1.img", "core");
	tar_add_file(tar, "checkpoint/inventory.img", SAMPLE_INVENTORY);
	tar_add_text(tar, "checkpoint/pagemap-1.img", "pagemap");
	tar_add_file(tar, "checkpoint/pages-1.img", (struct str){pages, 5000});
	tar_add_file(tar, "checkpoint/pages-2.img", (struct str){pages, 4999});
	tar_add_file(tar, "checkpoint/pages-shmem-7.img", (struct str){pages, 1});
}

static inline void sample_containerd(struct tar *tar)
{
	sample_images(tar);
	tar_add_text(tar, "config.dump", sample_containerd_config);
	tar_add_text(tar, "container.log", "2026-11-21T21:00:00Z stdout F Ready\n");
	tar_add_text(tar, "dump.log", sample_dump_log);
	tar_add_text(tar, "rootfs-diff.tar", "gzip");
	tar_add_text(tar, "spec.dump", sample_containerd_spec);
	tar_add_file(tar, "stats-dump", SAMPLE_STATS);
	tar_add_text(tar, "status", "{}");
	tar_add_text(tar, "status.dump", "{}");
	tar_end(tar);
}

static inline void sample_crio(struct tar *tar)
{
	tar_add_file(tar, "stats-dump", SAMPLE_STATS);
	tar_add_text(tar, "dump.log", sample_dump_log);
	sample_images(tar);
	tar_add_text(tar, "config.dump", sample_crio_config);
	tar_add_text(tar, "spec.dump", sample_crio_spec);
	tar_add_text(tar, "bind.mounts", "[]");
	tar_add_text(tar, "rootfs-diff.tar", "tar");
	tar_add_text(tar, "deleted.files", "[]");
	tar_add_text(tar, "io.kubernetes.cri-o.LogPath", "log");
	tar_end(tar);
}

#endif

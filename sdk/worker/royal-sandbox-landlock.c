/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAYER "landlock"

/* What the system's headers may be too old to name. */
#define FS_REFER (G_GUINT64_CONSTANT (1) << 13)
#define FS_TRUNCATE (G_GUINT64_CONSTANT (1) << 14)
#define FS_IOCTL_DEV (G_GUINT64_CONSTANT (1) << 15)
#define NET_BIND_TCP (G_GUINT64_CONSTANT (1) << 0)
#define NET_CONNECT_TCP (G_GUINT64_CONSTANT (1) << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (G_GUINT64_CONSTANT (1) << 0)
#define SCOPE_SIGNAL (G_GUINT64_CONSTANT (1) << 1)
#define FS_ABI_1 ((G_GUINT64_CONSTANT (1) << 13) - 1)

typedef struct {
  guint64 handled_access_fs;
  guint64 handled_access_net;
  guint64 scoped;
} Ruleset;

/* What may be read. The loader's libraries are mapped, never executed as programs: not even EXECUTE is given. */
static const char *const readable[] = {
  "/usr/lib",       "/usr/lib32",       "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/share/zoneinfo",
  "/etc/localtime", "/etc/ld.so.cache",
};

int
royal_sandbox_landlock_abi (void)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  return abi > 0 ? (int)abi : 0;
}

/* All that the kernel can forbid. */
static Ruleset
everything (int abi, gsize *ret_size)
{
  Ruleset ruleset = { .handled_access_fs = FS_ABI_1 };

  *ret_size = G_STRUCT_OFFSET (Ruleset, handled_access_net);
  if (abi >= 2)
    ruleset.handled_access_fs |= FS_REFER;
  if (abi >= 3)
    ruleset.handled_access_fs |= FS_TRUNCATE;
  if (abi >= 4)
    {
      ruleset.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP;
      *ret_size = G_STRUCT_OFFSET (Ruleset, scoped);
    }
  if (abi >= 5)
    ruleset.handled_access_fs |= FS_IOCTL_DEV;
  if (abi >= 6)
    {
      ruleset.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
      *ret_size = sizeof ruleset;
    }
  return ruleset;
}

static gboolean
allow_reading (int ruleset, const char *path, GError **error)
{
  int fd = open (path, O_PATH | O_CLOEXEC);
  struct landlock_path_beneath_attr rule = { .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE, .parent_fd = fd };
  struct stat st;
  gboolean added;

  if (fd < 0)
    return errno == ENOENT || royal_sandbox_fail (error, LAYER, path, errno);
  if (fstat (fd, &st) == 0 && S_ISDIR (st.st_mode))
    rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
  added = syscall (SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  if (!added)
    royal_sandbox_fail (error, LAYER, path, errno);
  close (fd);
  return added;
}

static gboolean
allow_all_reading (int ruleset, const char *module, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (module);

  for (guint i = 0; i < G_N_ELEMENTS (readable); i++)
    {
      if (!allow_reading (ruleset, readable[i], error))
        return FALSE;
    }
  return allow_reading (ruleset, folder, error);
}

gboolean
royal_sandbox_landlock (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error)
{
  int abi = royal_sandbox_landlock_abi ();
  gsize size;
  Ruleset rules = everything (abi, &size);
  int ruleset;
  gboolean done;

  if (abi == 0)
    return royal_sandbox_fail (error, LAYER, "this kernel does not offer it", errno);
  ruleset = (int)syscall (SYS_landlock_create_ruleset, &rules, size, 0);
  if (ruleset < 0)
    return royal_sandbox_fail (error, LAYER, "create", errno);
  done = allow_all_reading (ruleset, plan->module, error);
  if (done && syscall (SYS_landlock_restrict_self, ruleset, 0) < 0)
    done = royal_sandbox_fail (error, LAYER, "restrict", errno);
  close (ruleset);
  if (done)
    json_object_set_int_member (facts, "landlock_abi", abi);
  return done;
}

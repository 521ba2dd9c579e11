/* SPDX-License-Identifier: Apache-2.0 */

#include "attack.h"

#include <dirent.h>
#include <sys/mount.h>
#include <sys/stat.h>

static JsonNode *
read_path (const char *path)
{
  char byte;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  return attack_verdict (fd < 0 ? fd : read (fd, &byte, 1));
}

static JsonNode *
write_path (const char *path)
{
  return attack_verdict (open (path, O_WRONLY | O_CREAT, 0600));
}

ATTACK (read_passwd)
{
  return read_path ("/etc/passwd");
}

ATTACK (read_proc_1)
{
  return read_path ("/proc/1/environ");
}

ATTACK (read_own_proc)
{
  return read_path ("/proc/self/maps");
}

ATTACK (read_host_memory)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/mem", json_object_get_int_member_with_default (input, "host", 1));

  return read_path (path);
}

/* Paths that the test names. */
ATTACK (read_named)
{
  return read_path (attack_input (input, "path"));
}

ATTACK (read_other_plugin)
{
  return read_path (attack_input (input, "plugin"));
}

ATTACK (read_data)
{
  return read_path (attack_input (input, "data"));
}

ATTACK (read_manifest)
{
  return read_path (attack_input (input, "manifest"));
}

ATTACK (list_root)
{
  return attack_verdict (opendir ("/") != NULL ? 0 : -1);
}

ATTACK (read_device)
{
  return read_path ("/dev/mem");
}

ATTACK (write_tmp)
{
  return write_path ("/tmp/royal-escaped");
}

ATTACK (write_shm)
{
  return write_path ("/dev/shm/royal-escaped");
}

ATTACK (write_named)
{
  return write_path (attack_input (input, "path"));
}

ATTACK (write_null)
{
  return write_path ("/dev/null");
}

ATTACK (truncate_named)
{
  return attack_verdict (truncate (attack_input (input, "path"), 0));
}

ATTACK (remove_named)
{
  return attack_verdict (unlink (attack_input (input, "path")));
}

ATTACK (make_folder)
{
  return attack_verdict (mkdir ("/tmp/royal-escaped.d", 0700));
}

ATTACK (link_out)
{
  return attack_verdict (symlink ("/etc/passwd", "/tmp/royal-escaped.l"));
}

ATTACK (change_mode)
{
  return attack_verdict (chmod (attack_input (input, "path"), 0777));
}

ATTACK (mount_proc)
{
  return attack_verdict (mount ("proc", "/tmp", "proc", 0, NULL));
}

ATTACK (change_root)
{
  return attack_verdict (chroot ("/tmp"));
}

ROYAL_AGENT (ROYAL_TASK ("read_passwd", read_passwd),
             ROYAL_TASK ("read_proc_1", read_proc_1),
             ROYAL_TASK ("read_own_proc", read_own_proc),
             ROYAL_TASK ("read_host_memory", read_host_memory),
             ROYAL_TASK ("read_named", read_named),
             ROYAL_TASK ("read_other_plugin", read_other_plugin),
             ROYAL_TASK ("read_data", read_data),
             ROYAL_TASK ("read_manifest", read_manifest),
             ROYAL_TASK ("list_root", list_root),
             ROYAL_TASK ("read_device", read_device),
             ROYAL_TASK ("write_tmp", write_tmp),
             ROYAL_TASK ("write_shm", write_shm),
             ROYAL_TASK ("write_named", write_named),
             ROYAL_TASK ("write_null", write_null),
             ROYAL_TASK ("truncate_named", truncate_named),
             ROYAL_TASK ("remove_named", remove_named),
             ROYAL_TASK ("make_folder", make_folder),
             ROYAL_TASK ("link_out", link_out),
             ROYAL_TASK ("change_mode", change_mode),
             ROYAL_TASK ("mount_proc", mount_proc),
             ROYAL_TASK ("change_root", change_root))

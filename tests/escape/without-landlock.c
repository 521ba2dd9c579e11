/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a program as if on a kernel without Landlock: its system calls answer ENOSYS. For tests. */

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int
main (int argc, char **argv)
{
  static const char *const calls[] = { "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self" };
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);

  if (argc < 2 || filter == NULL)
    return 2;
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
    if (seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), seccomp_syscall_resolve_name (calls[i]), 0) != 0)
      return 2;
  if (seccomp_load (filter) != 0)
    return 2;
  execv (argv[1], argv + 1);
  perror (argv[1]);
  return 2;
}

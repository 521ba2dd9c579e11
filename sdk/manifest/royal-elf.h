/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define ROYAL_ELF_SIZE_MAX (64u * 1024 * 1024)

/* A module looked at as bytes: nothing of it is ever loaded or run. Every offset in the file is checked. */
typedef struct _RoyalElf RoyalElf;

/**
 * royal_elf_read:
 * @path: a regular file of at most %ROYAL_ELF_SIZE_MAX bytes
 *
 * Returns: (transfer full): the file's bytes; NULL with %ROYAL_ERROR_NOT_FOUND, %ROYAL_ERROR_LIMIT or
 *   %ROYAL_ERROR_FAILED.
 */
GBytes *royal_elf_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_elf_new:
 * @bytes: a 64-bit little-endian ELF shared object
 * @what: names it in messages
 *
 * Returns: (transfer full): NULL with %ROYAL_ERROR_INVALID when it is none.
 */
RoyalElf *royal_elf_new (GBytes *bytes, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void royal_elf_free (RoyalElf *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalElf, royal_elf_free)

/* (nullable) (transfer none): the bytes of the one section of that name, valid as long as @self; NULL when there
 * is none or more than one. */
const char *royal_elf_section (RoyalElf *self, const char *name, gsize *ret_length);

/* NULL-terminated, sorted (transfer none): names of dynamic symbols that the module wants from others, and of
 * those that it offers. */
const char *const *royal_elf_imports (RoyalElf *self);
const char *const *royal_elf_exports (RoyalElf *self);

G_END_DECLS

/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <royal/error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Beyond these a file is not what a linker wrote, but made to cost time. */
#define TEXT_MAX 1024u
#define SYMBOLS_MAX 200000u

struct _RoyalElf {
  GBytes *bytes;
  const guint8 *data;
  gsize size;
  guint64 sections; /* offset of the section headers */
  guint n_sections;
  guint names; /* index of the section that holds the sections' names */
  char **imports;
  char **exports;
};

static gboolean
fail (GError **error, int code, const char *what, const char *text)
{
  g_set_error (error, ROYAL_ERROR, code, "%s: %s", what, text);
  return FALSE;
}

static gboolean
read_all (int fd, guint8 *data, gsize size)
{
  gsize done = 0;

  while (done < size)
    {
      gssize n = read (fd, data + done, size - done);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      done += (gsize)n;
    }
  return TRUE;
}

GBytes *
royal_elf_read (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  struct stat st;
  /* Not to be held up by a FIFO that somebody put there. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    {
      int code = errno == ENOENT || errno == ENOTDIR ? ROYAL_ERROR_NOT_FOUND : ROYAL_ERROR_FAILED;
      g_set_error (error, ROYAL_ERROR, code, "%s: %s", path, g_strerror (errno));
      return NULL;
    }
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode) || st.st_size > (off_t)ROYAL_ELF_SIZE_MAX)
    {
      close (fd);
      fail (error, ROYAL_ERROR_LIMIT, path, "expected a regular file of at most 64 MiB");
      return NULL;
    }

  gsize size = (gsize)st.st_size;
  g_autofree guint8 *data = g_malloc (MAX (size, 1));
  gboolean ok = read_all (fd, data, size);
  close (fd);
  if (!ok)
    {
      fail (error, ROYAL_ERROR_FAILED, path, "could not be read to its end");
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

/* A copy, as the file may hold anything at any alignment. */
static gboolean
copy_out (RoyalElf *self, guint64 offset, gpointer target, gsize length)
{
  if (offset > self->size || length > self->size - offset)
    return FALSE;
  memcpy (target, self->data + offset, length);
  return TRUE;
}

static gboolean
section_at (RoyalElf *self, guint index, Elf64_Shdr *ret_section)
{
  if (index >= self->n_sections ||
      !copy_out (self, self->sections + (guint64)index * sizeof *ret_section, ret_section, sizeof *ret_section))
    return FALSE;
  /* What has no bytes in the file has no place in it either. */
  return ret_section->sh_type == SHT_NOBITS ||
         (ret_section->sh_offset <= self->size && ret_section->sh_size <= self->size - ret_section->sh_offset);
}

/* (nullable): the terminated text at @offset of a string table. */
static const char *
string_at (RoyalElf *self, const Elf64_Shdr *table, guint64 offset)
{
  if (table->sh_type != SHT_STRTAB || offset >= table->sh_size)
    return NULL;

  const char *text = (const char *)self->data + table->sh_offset + offset;
  return memchr (text, '\0', MIN (table->sh_size - offset, TEXT_MAX)) != NULL ? text : NULL;
}

static gboolean
check_header (RoyalElf *self, const char *what, GError **error)
{
  Elf64_Ehdr header;

  if (!copy_out (self, 0, &header, sizeof header) || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0)
    return fail (error, ROYAL_ERROR_INVALID, what, "expected an ELF shared object, found another file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    return fail (error, ROYAL_ERROR_INVALID, what, "expected a 64-bit little-endian ELF file, found another kind");
  if (header.e_type != ET_DYN)
    return fail (error, ROYAL_ERROR_INVALID, what, "expected a shared object, found another kind of ELF file");
  if (header.e_shnum == 0 || header.e_shentsize != sizeof (Elf64_Shdr))
    return fail (error, ROYAL_ERROR_INVALID, what, "expected a table of sections, found none");
  if (header.e_shoff > self->size || (guint64)header.e_shnum * sizeof (Elf64_Shdr) > self->size - header.e_shoff)
    return fail (error, ROYAL_ERROR_INVALID, what, "the table of sections reaches beyond the end of the file");
  self->sections = header.e_shoff;
  self->n_sections = header.e_shnum;
  self->names = header.e_shstrndx;
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static char **
finish_names (GPtrArray *names)
{
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_free (names, FALSE);
}

/* Local symbols are nobody's business; a name that is no text is left out. */
static void
read_symbols (RoyalElf *self, const Elf64_Shdr *table, GPtrArray *imports, GPtrArray *exports)
{
  Elf64_Shdr strings;

  if (table->sh_entsize != sizeof (Elf64_Sym) || !section_at (self, table->sh_link, &strings))
    return;
  guint64 count = MIN (table->sh_size / sizeof (Elf64_Sym), SYMBOLS_MAX);
  for (guint64 i = 0; i < count; i++)
    {
      Elf64_Sym symbol;

      if (!copy_out (self, table->sh_offset + i * sizeof symbol, &symbol, sizeof symbol))
        return;
      const char *name = string_at (self, &strings, symbol.st_name);
      if (name == NULL || name[0] == '\0' || ELF64_ST_BIND (symbol.st_info) == STB_LOCAL)
        continue;
      g_ptr_array_add (symbol.st_shndx == SHN_UNDEF ? imports : exports, g_strdup (name));
    }
}

static void
read_all_symbols (RoyalElf *self)
{
  GPtrArray *imports = g_ptr_array_new (), *exports = g_ptr_array_new ();

  for (guint i = 0; i < self->n_sections; i++)
    {
      Elf64_Shdr section;
      /* A linker writes one such table: more would only cost time. */
      if (section_at (self, i, &section) && section.sh_type == SHT_DYNSYM)
        {
          read_symbols (self, &section, imports, exports);
          break;
        }
    }
  self->imports = finish_names (imports);
  self->exports = finish_names (exports);
}

RoyalElf *
royal_elf_new (GBytes *bytes, const char *what, GError **error)
{
  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (what != NULL, NULL);

  g_autoptr (RoyalElf) self = g_new0 (RoyalElf, 1);
  self->bytes = g_bytes_ref (bytes);
  self->data = g_bytes_get_data (bytes, &self->size);
  if (!check_header (self, what, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
royal_elf_free (RoyalElf *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->imports, g_strfreev);
  g_clear_pointer (&self->exports, g_strfreev);
  g_free (self);
}

const char *
royal_elf_section (RoyalElf *self, const char *name, gsize *ret_length)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (ret_length != NULL, NULL);

  const char *found = NULL;
  gsize length = 0;
  Elf64_Shdr names, section;

  if (!section_at (self, self->names, &names))
    return NULL;
  for (guint i = 0; i < self->n_sections; i++)
    {
      if (!section_at (self, i, &section) || section.sh_type != SHT_PROGBITS)
        continue;
      if (g_strcmp0 (string_at (self, &names, section.sh_name), name) != 0)
        continue;
      if (found != NULL)
        return NULL;
      found = (const char *)self->data + section.sh_offset;
      length = section.sh_size;
    }
  if (found != NULL)
    *ret_length = length;
  return found;
}

const char *const *
royal_elf_imports (RoyalElf *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (self->imports == NULL)
    read_all_symbols (self);
  return (const char *const *)self->imports;
}

const char *const *
royal_elf_exports (RoyalElf *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (self->exports == NULL)
    read_all_symbols (self);
  return (const char *const *)self->exports;
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <elf.h>
#include <glib.h>
#include <string.h>

/* Makes the bytes of a small shared object with a manifest and dynamic symbols, for tests that look at modules
 * without loading them. Sections: 1 names, 2 manifest, 3 dynamic strings, 4 dynamic symbols. */

#define ELF_MAKER_SECTIONS 5

static inline void
elf_maker_section (Elf64_Shdr *section, guint name, guint type, gsize offset, gsize size, guint link, gsize entry)
{
  *section = (Elf64_Shdr){
    .sh_name = name,
    .sh_type = type,
    .sh_offset = offset,
    .sh_size = size,
    .sh_link = link,
    .sh_entsize = entry,
  };
}

static inline GByteArray *
elf_maker_new (const char *manifest)
{
  static const char names[] = "\0.shstrtab\0.royal.manifest\0.dynstr\0.dynsym";
  static const char strings[] = "\0royal_agent\0socket";
  const Elf64_Sym symbols[] = {
    { 0 },
    { .st_name = 1, .st_info = ELF64_ST_INFO (STB_GLOBAL, STT_OBJECT), .st_shndx = 2 },
    { .st_name = 13, .st_info = ELF64_ST_INFO (STB_GLOBAL, STT_FUNC), .st_shndx = SHN_UNDEF },
  };
  GByteArray *bytes = g_byte_array_new ();
  Elf64_Ehdr header = { .e_type = ET_DYN, .e_shentsize = sizeof (Elf64_Shdr), .e_shnum = ELF_MAKER_SECTIONS };
  Elf64_Shdr sections[ELF_MAKER_SECTIONS] = { 0 };
  gsize at = sizeof header;

  memcpy (header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_shstrndx = 1;
  header.e_shoff = sizeof header;
  at += sizeof sections;
  elf_maker_section (&sections[1], 1, SHT_STRTAB, at, sizeof names, 0, 0);
  at += sizeof names;
  elf_maker_section (&sections[2], 11, SHT_PROGBITS, at, strlen (manifest), 0, 0);
  at += strlen (manifest);
  elf_maker_section (&sections[3], 27, SHT_STRTAB, at, sizeof strings, 0, 0);
  at += sizeof strings;
  elf_maker_section (&sections[4], 35, SHT_DYNSYM, at, sizeof symbols, 3, sizeof symbols[0]);

  g_byte_array_append (bytes, (const guint8 *) &header, sizeof header);
  g_byte_array_append (bytes, (const guint8 *) sections, sizeof sections);
  g_byte_array_append (bytes, (const guint8 *) names, sizeof names);
  g_byte_array_append (bytes, (const guint8 *) manifest, (guint) strlen (manifest));
  g_byte_array_append (bytes, (const guint8 *) strings, sizeof strings);
  g_byte_array_append (bytes, (const guint8 *) symbols, sizeof symbols);
  return bytes;
}

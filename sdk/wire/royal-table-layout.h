/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <royal/table.h>

G_BEGIN_DECLS

/* The bytes of a table, docs/wire.md "Tables". Little endian, as every machine that we build for is. */
G_STATIC_ASSERT (G_BYTE_ORDER == G_LITTLE_ENDIAN);

#define ROYAL_TABLE_MAGIC 0x314c4254u
#define ROYAL_TABLE_COLUMNS_MAX 1024
#define ROYAL_TABLE_NAME_MAX 256
#define ROYAL_TABLE_ALIGN 64

typedef struct {
  guint32 magic;
  guint32 n_columns;
  guint64 n_rows;
  guint64 size;
  guint64 zero;
} RoyalTableHeader;

typedef struct {
  guint32 type;
  guint32 name_length;
  guint64 name;
  guint64 values;
  guint64 nulls;
  guint64 bytes;
  guint64 bytes_length;
  guint64 zero[2];
} RoyalTableColumn;

G_STATIC_ASSERT (sizeof (RoyalTableHeader) == 32);
G_STATIC_ASSERT (sizeof (RoyalTableColumn) == 64);

G_END_DECLS

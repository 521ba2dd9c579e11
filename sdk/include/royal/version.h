/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* The change log of the plugin ABI.
 *
 * 1  (0.1.0)  First ABI: RoyalAgentTable with magic, abi, size, task_size, tasks, n_tasks.
 *    (0.2.0)  Functions that an older worker does not have, so that a plugin which calls them is not loaded there:
 *             royal_proposal_add_item(), royal_proposal_set_revert().
 *
 * Additions go to the end of RoyalAgentTable or RoyalTask and do not change ROYAL_ABI: the host reads
 * min (its size, the plugin's size) and takes what is missing as zero. ROYAL_ABI changes only when an
 * older plugin could not be understood any more. */
#define ROYAL_ABI 1u
#define ROYAL_AGENT_MAGIC 0x4c594f52u /* "ROYL", little endian */

/* The name of the ELF section that holds the developer's manifest, and of the one exported symbol. */
#define ROYAL_MANIFEST_SECTION ".royal.manifest"
#define ROYAL_AGENT_SYMBOL "royal_agent"

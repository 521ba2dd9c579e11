/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-personal.h"

G_BEGIN_DECLS

/* What of an action on a target is personal: what the schema of its parameters says, and what its connector says beside it. */

/* Whether anything can be. */
gboolean rh_classes_apply (RhConnector *connector, const RhAction *action, const char *target);

/**
 * rh_classes_add:
 * @document: any of { "parameters", "before", "facts", "preview", "receipt" }
 * @keep: it is sealed with what else @personal holds; else only its values are known from now on
 *
 * Returns: TRUE; FALSE with %ROYAL_ERROR_INVALID when it cannot be told what is personal.
 */
gboolean rh_classes_add (RhPersonal *personal, RhConnector *connector, const RhAction *action, const char *target,
                         JsonNode *document, gboolean keep, GError **error);

G_END_DECLS

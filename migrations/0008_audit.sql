-- SPDX-License-Identifier: Apache-2.0
-- The audit, whole.
select;

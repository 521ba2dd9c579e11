-- SPDX-License-Identifier: Apache-2.0
-- Workflows.
select;

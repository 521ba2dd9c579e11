-- SPDX-License-Identifier: Apache-2.0
-- Limits, pauses, autonomy.
select;

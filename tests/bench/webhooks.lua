-- SPDX-License-Identifier: Apache-2.0
-- wrk's requests: the deliveries of a file, `SIGNATURE BODY` a line, each twice in a row.
local requests = {}
local n = 0

function init (args)
  for line in io.lines (args[1]) do
    local signature, body = line:match ("^(%S+) (.*)$")
    requests[#requests + 1] =
      wrk.format ("POST", nil, { ["Content-Type"] = "application/json", ["X-Sign"] = "sha256=" .. signature }, body)
  end
end

function request ()
  local place = math.floor (n / 2) % #requests + 1
  n = n + 1
  return requests[place]
end

-- Searches, one kind after the other, each with another of its targets. A line of the file is "<kind> <target>"; an answer that is
-- not a searchset with a match fails the run.

local kinds, names = {}, {}  -- kind -> { next, requests }
local threads = {}
local turn = 0

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  for line in io.lines(args[1]) do
    local kind, target = line:match("^(%S+) (%S+)$")
    if not kinds[kind] then
      kinds[kind] = { next = 0 }
      table.insert(names, kind)
    end
    table.insert(kinds[kind], wrk.format("GET", "/fhir/" .. target))
  end
  bad = 0
  sample = ""
  bytes = 0
end

function request()
  turn = turn % #names + 1
  local kind = kinds[names[turn]]
  kind.next = kind.next % #kind + 1
  return kind[kind.next]
end

function response(status, headers, body)
  bytes = bytes + #body
  if status ~= 200 or not body:find('"mode":"match"', 1, true) then
    bad = bad + 1
    sample = status .. " " .. body:sub(1, 300)
  end
end

function done(summary, latency)
  local wrong, size, text = 0, 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("bad")
    size = size + thread:get("bytes")
    if thread:get("sample") ~= "" then text = thread:get("sample") end
  end
  local errors = summary.errors
  io.write(string.format("MIX %d %d %d %d %d %d %s\n", summary.requests, summary.duration, size,
    wrong + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), text))
end

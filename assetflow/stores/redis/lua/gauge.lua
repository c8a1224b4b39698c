-- gauge: how the queues of a run stand, for whoever measures.
-- Returns  msgpack of {status, {{queue, ready, running, ms that a ready step has waited}, ...}}; {} if the run is gone
-- Keys     meta "waits:{q}": the ready step whose turn comes last, and since when it is known to be ready; it is kept
--          in mind until it is claimed, so that its wait grows from look to look, whoever looks
-- Twice:   nothing more happens.

if not load_run() then
  return cmsgpack.pack({})
end
local running = {}
for _, raw in ipairs(redis.call("HVALS", SLOTS)) do
  for _, claim in ipairs(cmsgpack.unpack(raw).c) do
    local _, queue = fixed(claim[1])
    running[queue] = (running[queue] or 0) + 1
  end
end
local found = {}
for _, queue in ipairs(M.queues) do
  local ready, field = P .. "ready:" .. queue, "waits:" .. queue
  local n, known, waited = redis.call("ZCARD", ready), redis.call("HGET", META, field), 0
  if n == 0 or over() then
    n = 0
    if known then
      redis.call("HDEL", META, field)
    end
  elseif known and redis.call("ZSCORE", ready, string.sub(known, 1, 8)) then
    waited = NOW - tonumber(string.sub(known, 9))
  else
    -- Nothing was claimed yet, so it has waited from the beginning.
    local since = M.started and NOW or tonumber(redis.call("HGET", META, "created"))
    redis.call("HSET", META, field, redis.call("ZREVRANGE", ready, 0, 0)[1] .. whole(since))
    waited = NOW - since
  end
  found[#found + 1] = { queue, n, running[queue] or 0, math.max(waited, 0) }
end
return cmsgpack.pack({ M.status, found })

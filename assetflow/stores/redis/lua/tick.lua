-- tick: what no slot does by itself: due retries, large fan-outs, wake-ups that were lost.
-- ARGV[1]  msgpack list of queues with an idle slot: a wake-up unanswered for long is lost there
-- Returns  msgpack list of announcements
-- Twice:   two tickers at once do no harm.

local FORGOTTEN_MS = 15000 -- of silence of a slot that has something to publish and holds nothing

if not load_run() or over() then
  redis.call("ZREM", LIVE, RUN)
  return cmsgpack.pack({})
end
if M.status == "NEW" then
  if NOW - tonumber(redis.call("HGET", META, "created")) > 600000 then
    end_run("CANCELLED") -- its client went away while it was being created
    save()
  end
  return cmsgpack.pack({})
end

if M.status == "QUEUED" then
  RUN = ""
  begin_others()
  return cmsgpack.pack(WOKEN)
end

continue_todo()
void_more() -- if whoever cancelled it went away meanwhile
promote()
for _, pool in ipairs(M.pools) do
  hand_on(pool)
end
-- Outputs that a slot should have published long ago: after a rollback it may not know of them any more.
for _, slot in ipairs(M.unpub > 0 and redis.call("HKEYS", SLOTS) or {}) do
  local entry = cmsgpack.unpack(redis.call("HGET", SLOTS, slot))
  if #entry.u > 0 and #entry.c == 0 and not entry.x and NOW - (entry.t or 0) > FORGOTTEN_MS then
    for _, item in ipairs(entry.u) do
      redis.call("RPUSH", CHORES, cmsgpack.pack(item))
    end
    redis.call("HDEL", SLOTS, slot)
  end
end
local code = redis.call("HGET", META, "code")
if code and code ~= "" then
  redis.call("EXPIRE", code, 86400)
end
finish_if_done()

local function nobody_can_move_it()
  if M.status ~= "RUNNING" or M.left == 0 or redis.call("EXISTS", DUE, TODO, CHORES) > 0 or M.unpub > 0 then
    return false
  end
  for _, queue in ipairs(M.queues) do
    if redis.call("EXISTS", P .. "ready:" .. queue) == 1 then
      return false
    end
  end
  for _, raw in ipairs(redis.call("HVALS", SLOTS)) do
    if #cmsgpack.unpack(raw).c > 0 then
      return false
    end
  end
  write_back()
  local rows = M.special and redis.call("GET", ST) or ""
  for i = 0, #rows / 4 - 1 do
    if string.sub(rows, i * 4 + 1, i * 4 + 1) == "P" then
      local _, _, _, pool = fixed(i)
      if redis.call("ZSCORE", "af:pool:" .. pool .. ":wait", holder(i)) then
        return false
      end
    end
  end
  return true
end

if nobody_can_move_it() then
  end_run("INCONSISTENT")
end
if not over() and redis.call("EXISTS", P .. "refused") == 0 then
  for _, queue in ipairs(cmsgpack.unpack(ARGV[1])) do
    redis.call("ZREMRANGEBYSCORE", P .. "ann:" .. queue, "-inf", NOW - FRESH_MS)
  end
end
local found = announcements()
save()
return cmsgpack.pack(found)

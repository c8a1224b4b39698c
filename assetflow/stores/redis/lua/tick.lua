-- tick: what no slot does by itself: due retries, large fan-outs, wake-ups that were lost.
-- ARGV[1]  msgpack list of queues with an idle slot: a wake-up unanswered for long is lost there
-- Returns  msgpack list of announcements
-- Twice:   two tickers at once do no harm.

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

continue_todo()
promote()
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
  return true
end

if nobody_can_move_it() then
  end_run("INCONSISTENT")
end
local found = {}
if not over() then
  for _, queue in ipairs(cmsgpack.unpack(ARGV[1])) do
    redis.call("ZREMRANGEBYSCORE", P .. "ann:" .. queue, "-inf", NOW - FRESH_MS)
  end
  found = announcements()
end
save()
return cmsgpack.pack(found)

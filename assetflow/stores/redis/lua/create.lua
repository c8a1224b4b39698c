-- create: accept a run, in one call or, with many roots, in several.
-- ARGV[1]  msgpack {fingerprint, run key ("" for none), queues, left, about, ttl s, code key ("" for none), first, last,
--          pools, whether any step has a pool or is claimed alone, priority, limits, {} or, for a run that is brought
--          back, {left, failed, highest token, list of {output, token, nonce} that may not be published},
--          {} or the first wake-up as the broker keeps it: {queue, hint, key, message}}
-- ARGV[2]  msgpack list of roots of this call: {queue index, -rank, step} each
-- ARGV[3]  run key's own key ("" for none)
-- ARGV[4..8]  in the first call: envelope, st, pend, step, out
-- Returns  msgpack {run id that carries the request, announcements, id and kind of the fact that it has begun with}, the
--          last two only if this call has begun it, or an error reply CONFLICT; with an empty run id nothing was done,
--          because the code is not there
-- Twice:   the second time finds the run and changes nothing; a run that was never opened is completed.

local req = cmsgpack.unpack(ARGV[1])
local fingerprint, queues, left, about, ttl, code, first, last =
  req[1], req[3], req[4], req[5], req[6], req[7], req[8], req[9]
local pools, special, prio, limits = req[10], req[11], req[12], req[13]
local run_key = ARGV[3]

if run_key ~= "" then
  local known = redis.call("HMGET", run_key, "run", "fingerprint")
  if known[1] then
    if known[2] ~= fingerprint then
      return redis.error_reply("CONFLICT " .. known[1])
    end
    if known[1] ~= RUN then
      return cmsgpack.pack({ known[1], {} })
    end
  end
end
local exists = load_run()
if exists then
  if redis.call("HGET", META, "fingerprint") ~= fingerprint then
    return redis.error_reply("CONFLICT " .. RUN)
  end
  if M.status ~= "NEW" then
    return cmsgpack.pack({ RUN, {} })
  end
elseif not first then
  return redis.error_reply("NORUN")
end

if not exists then
  if code ~= "" and redis.call("EXPIRE", code, 86400) == 0 then
    return cmsgpack.pack({ "", {} })
  end
  if run_key ~= "" then
    redis.call("HSET", run_key, "run", RUN, "fingerprint", fingerprint)
    redis.call("EXPIRE", run_key, 604800)
  end
  redis.call("HSET", META, "status", "NEW", "left", left, "unpub", 0, "held", 0, "failed", 0, "tok", 0, "marks", 0,
    "queues", cmsgpack.pack(queues), "fingerprint", fingerprint, "about", about, "ttl", ttl, "code", code,
    "created", whole(NOW), "pools", cmsgpack.pack(pools), "special", special and 1 or 0, "prio", prio,
    "limits", cmsgpack.pack(limits))
  redis.call("SET", P .. "plan", ARGV[4])
  redis.call("SET", ST, ARGV[5])
  redis.call("SET", PEND, ARGV[6])
  redis.call("SET", STEP, ARGV[7])
  local before = req[14]
  if before and before[1] then
    redis.call("HSET", META, "left", before[1], "failed", before[2], "tok", whole(before[3]), "unpub", #before[4])
    redis.call("SET", OUT, ARGV[8])
    for _, item in ipairs(before[4]) do
      redis.call("RPUSH", CHORES, cmsgpack.pack(item))
    end
  end
  redis.call("ZADD", LIVE, NOW, RUN)
  if redis.call("EXISTS", "af:history") == 1 then
    redis.call("ZADD", UNRECORDED, NOW, RUN)
  end
  load_run()
end
for _, root in ipairs(cmsgpack.unpack(ARGV[2])) do
  redis.call("ZADD", P .. "ready:" .. queues[root[1] + 1], root[2], member(root[3]))
end
local found, begun, kind = {}, "", ""
if last and full(limits) then
  M.status = "QUEUED"
  redis.call("ZADD", "af:queued", -prio, RUN)
  kind = "run_queued"
  begun = fact(kind, "", 0, "{}")
elseif last then
  M.status = "RUNNING"
  enter_limits(RUN, limits)
  kind = "run_started"
  begun = fact(kind, "", 0, "{}")
  finish_if_done()
  found = announcements()
  local letter, one = req[15], found[1]
  if letter and one and one[1] == letter[1] and one[2] == letter[2] and one[3] == "1" and one[4] == "" then
    local sent = redis.pcall("LPUSH", letter[3], letter[4])
    if type(sent) == "number" then
      table.remove(found, 1)
    end
  end
end
save()
return cmsgpack.pack({ RUN, found, begun, kind })

-- cancel: end a run that is not over. After this returns nothing is claimed and nothing is committed.
-- Returns  the run's status, or the error reply NORUN
-- Twice:   nothing more happens.

if not load_run() then
  return redis.error_reply("NORUN")
end
if over() or M.status == "CANCELLING" then
  return M.status
end

local rows = redis.call("GET", ST)
local pieces = {}
for i = 0, #rows / 4 - 1 do
  local from = string.sub(rows, i * 4 + 1, i * 4 + 1)
  local to = NEXT[from] and NEXT[from].cancel
  if to then
    M.left = M.left - 1
  end
  pieces[i + 1] = (to or from) .. string.sub(rows, i * 4 + 2, i * 4 + 4)
end
redis.call("SET", ST, table.concat(pieces))
redis.call("DEL", DUE, TODO)
for _, queue in ipairs(M.queues) do
  redis.call("DEL", P .. "ready:" .. queue, P .. "ann:" .. queue)
end
for _, slot in ipairs(redis.call("HKEYS", SLOTS)) do
  local entry = cmsgpack.unpack(redis.call("HGET", SLOTS, slot))
  if #entry.c > 0 then -- the slot is still at it; the run is over when it has stopped
    entry.x = true
    M.held = M.held + 1
    redis.call("HSET", SLOTS, slot, cmsgpack.pack(entry))
  end
end
M.status = "CANCELLING"
fact("run_cancelling", "", 0, "{}")
finish_if_done()
save()
return M.status

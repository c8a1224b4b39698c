-- How a run moves on: fan-outs, wake-ups, its end. Behind run.lua, pools.lua and limits.lua.

local function give_back(i)
  if state_of(i) ~= "C" then
    return
  end
  release(i)
  if pending_of(i) == 0 then
    move(i, "C", "return")
    enqueue(i)
  else
    move(i, "C", "detach")
  end
end

local function drop_claim(entry, i)
  for at, claim in ipairs(entry.c) do
    if claim[1] == i then
      table.remove(entry.c, at)
      return claim
    end
  end
end

-- Fan-outs: event is "unlock", "prune" or "doom". What does not fit into this call goes to TODO.
local function spread(event, steps)
  local room = BUDGET - spent
  local last = math.min(#steps, math.max(room, 0))
  spent = spent + last
  local moved = {}
  if event == "unlock" then
    for at = 1, last do
      local i = steps[at]
      local waits = pending_of(i) - 1
      put(PENDING, i, struct.pack(">I4", waits))
      if waits == 0 and move(i, state_of(i), "unblock") then
        enqueue(i)
      end
    end
  else
    for at = 1, last do
      local i = steps[at]
      local from = state_of(i)
      if move(i, from, event) then
        moved[#moved + 1] = i
        if from == "C" then
          release(i)
          if ENTRY then
            drop_claim(ENTRY, i)
          end
        end
      end
    end
    if #moved > 0 then
      fact(event == "prune" and "step_skipped" or "step_upstream_failed", table.concat(moved, ","), 0, "{}")
    end
  end
  for from = last + 1, #steps, BUDGET do
    local piece = {}
    for at = from, math.min(from + BUDGET - 1, #steps) do
      piece[#piece + 1] = steps[at]
    end
    redis.call("RPUSH", TODO, cmsgpack.pack({ event, piece }))
  end
end

local function continue_todo()
  while spent < BUDGET do
    local raw = redis.call("LPOP", TODO)
    if not raw then
      return
    end
    local item = cmsgpack.unpack(raw)
    spread(item[1], item[2])
  end
end

local function promote()
  for _, text in ipairs(redis.call("ZRANGEBYSCORE", DUE, "-inf", NOW, "LIMIT", 0, 500)) do
    local i = tonumber(text)
    redis.call("ZREM", DUE, text)
    if move(i, state_of(i), "due") then
      enqueue(i)
    end
  end
end

-- Wake-ups that somebody has to send, computed from what is there, not from what changed. As long as they
-- are not answered they count as on their way: a fleet that is busy must not be sent more and more of them.
-- Nobody is woken for a queue that no worker serves; the sweep after one has come does that.
local function announcements()
  local found = WOKEN
  if M.status ~= "RUNNING" and M.status ~= "FINISHING" and M.status ~= "CANCELLING" then
    return found
  end
  for at, queue in ipairs(M.queues) do
    local ready = P .. "ready:" .. queue
    local n = M.status == "RUNNING" and redis.call("ZCARD", ready) or 0
    if at == 1 and redis.call("EXISTS", CHORES) == 1 then
      n = n + 1
    end
    if n > 0 then
      local sent = P .. "ann:" .. queue
      local slots = tonumber(redis.call("HGET", LIVE_SLOTS, queue) or 0)
      local cap = slots > 0 and math.max(4, 2 * slots) or 0
      local waiting = redis.call("ZCARD", sent)
      local missing = math.min(n, cap) - waiting
      if missing > 0 then
        local hints = redis.call("ZRANGE", ready, waiting, waiting + missing - 1)
        for k = 1, missing do
          M.marks = M.marks + 1
          local mark = whole(M.marks)
          redis.call("ZADD", sent, NOW, mark)
          found[#found + 1] = { queue, hints[k] and tonumber(hints[k]) or -1, mark, "", M.prio }
        end
      end
    end
  end
  return found
end

local function end_run(status)
  write_back() -- before it is said when the keys go
  M.status = status
  fact("run_ended", "", 0, '{"status":"' .. status .. '"}')
  release_all()
  leave_limits()
  redis.call("DEL", DUE, SLOTS, TODO, CHORES)
  for _, queue in ipairs(M.queues) do
    redis.call("DEL", P .. "ready:" .. queue, P .. "ann:" .. queue)
  end
  redis.call("HSET", META, "ended", whole(NOW))
  local ttl = tonumber(redis.call("HGET", META, "ttl"))
  local kept = redis.call("ZSCORE", UNRECORDED, RUN) and math.max(ttl, UNRECORDED_SECONDS) or ttl
  for _, key in ipairs({ META, ST, PEND, STEP, OUT, FACTS, P .. "plan" }) do
    redis.call("EXPIRE", key, kept)
  end
  redis.call("ZREM", LIVE, RUN)
  redis.call("ZADD", RECENT, NOW, RUN)
  redis.call("ZREMRANGEBYSCORE", RECENT, "-inf", NOW - ttl * 1000)
  redis.call("EXPIRE", RECENT, ttl)
end

local VOIDED_AT_ONCE = 10000 -- steps that one call takes out of a run that is cancelled

-- Take the next steps of a cancelled run out; whether there are more.
local function void_more()
  local first = tonumber(redis.call("HGET", META, "voided"))
  if not first then
    return false
  end
  write_back()
  local rows = redis.call("GETRANGE", ST, first * 4, (first + VOIDED_AT_ONCE) * 4 - 1)
  local pieces, pooled, count = {}, {}, #rows / 4
  for k = 0, count - 1 do
    local from = string.sub(rows, k * 4 + 1, k * 4 + 1)
    local to = NEXT[from] and NEXT[from].cancel
    if to then
      M.left = M.left - 1
      if M.special and (from == "R" or from == "P") then
        pooled[#pooled + 1] = first + k
      end
    end
    pieces[k + 1] = (to or from) .. string.sub(rows, k * 4 + 2, k * 4 + 4)
  end
  if count > 0 then
    redis.call("SETRANGE", ST, first * 4, table.concat(pieces))
  end
  for _, i in ipairs(pooled) do
    leave_pool(i)
  end
  if count < VOIDED_AT_ONCE then
    redis.call("HDEL", META, "voided")
    return false
  end
  redis.call("HSET", META, "voided", whole(first + count))
  return true
end

-- No claim and no commit of this run after this. What slots hold of it is void; they are told when they call.
-- Returns whether void_more has to be called again.
local function void(final)
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
  redis.call("HSET", META, "end", final, "voided", 0)
  return void_more()
end

local function finish_if_done()
  if M.left > 0 then
    return
  end
  if M.status == "CANCELLING" then
    if M.held == 0 and M.unpub == 0 then
      end_run(redis.call("HGET", META, "end") or "CANCELLED")
    end
  elseif M.status == "RUNNING" or M.status == "PAUSED" or M.status == "FINISHING" then
    if M.unpub == 0 then
      end_run(M.failed > 0 and "FAILED" or "SUCCEEDED")
    else
      M.status = "FINISHING"
    end
  end
end

-- What every verb on a run shares. NEXT and FINAL (the rule-book) are put before this text.
--
-- KEYS[1]  prefix of the run's keys, "af:{run}:"
--   meta        hash    status, left, unpub, held, failed, tok, marks, queues, times, about, ttl, code
--   st          string  4 bytes a step: state, retries, child losses, host losses
--   pend        string  u32 a step: parents it still waits for
--   step        string  9 bytes a step: rank u32, queue u8, line u32 (0xffffffff: none)
--   out         string  12 bytes an output: token u64, nonce u32
--   ready:{q}   zset    ready steps of queue q, score = -rank
--   due         zset    delayed steps, score = ms
--   slots       hash    slot -> {b = batch, c = claims, u = unpublished, r = reply, x = cancelled}
--   ann:{q}     zset    wake-ups sent and not answered, score = ms
--   todo        list    pieces of large fan-outs
--   chores      list    settled outputs whose slot died before publishing
--   facts       stream  k kind, s steps, t token, d detail
-- Everything is checked before the first write: a script that fails half-way would keep what it wrote.

local P = KEYS[1]
local META, ST, PEND, STEP, OUT = P .. "meta", P .. "st", P .. "pend", P .. "step", P .. "out"
local DUE, SLOTS, TODO, CHORES, FACTS = P .. "due", P .. "slots", P .. "todo", P .. "chores", P .. "facts"
local LIVE, RECENT, LIVE_SLOTS = "af:runs", "af:recent", "af:q"
local NO_LINE = 4294967295
local BUDGET = 2000 -- elements of a fan-out handled in one call
local FRESH_MS = 2000 -- an unanswered wake-up older than this is lost, if a slot is idle

local clock = redis.call("TIME")
local NOW_US = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local NOW = math.floor(NOW_US / 1000)

local RUN = string.sub(P, 4, -2)
local M = {} -- the run's counters, written back by save()
local ENTRY = nil -- the calling slot's entry
local spent = 0

local function whole(n)
  return string.format("%.0f", n)
end

local function load_run()
  local v = redis.call("HMGET", META, "status", "left", "unpub", "held", "failed", "tok", "marks", "queues", "started")
  if not v[1] then
    return false
  end
  M = {
    status = v[1],
    left = tonumber(v[2]),
    unpub = tonumber(v[3]),
    held = tonumber(v[4]),
    failed = tonumber(v[5]),
    tok = tonumber(v[6]),
    marks = tonumber(v[7]),
    queues = cmsgpack.unpack(v[8]),
    started = v[9],
  }
  return true
end

local function save()
  redis.call("HSET", META, "status", M.status, "left", whole(M.left), "unpub", whole(M.unpub), "held", whole(M.held),
    "failed", whole(M.failed), "tok", whole(M.tok), "marks", whole(M.marks))
end

local function over()
  return M.status == "SUCCEEDED" or M.status == "FAILED" or M.status == "CANCELLED" or M.status == "INCONSISTENT"
end

local function fact(kind, steps, token, detail)
  redis.call("XADD", FACTS, "*", "k", kind, "s", steps, "t", token, "d", detail)
end

local function member(i)
  return string.format("%08d", i)
end

local function fixed(i) -- rank, queue name, line
  local rank, queue, line = struct.unpack(">I4BI4", redis.call("GETRANGE", STEP, i * 9, i * 9 + 8))
  return rank, M.queues[queue + 1], line
end

local function state_of(i)
  return redis.call("GETRANGE", ST, i * 4, i * 4)
end

local function pending_of(i)
  return struct.unpack(">I4", redis.call("GETRANGE", PEND, i * 4, i * 4 + 3))
end

local function bump(i, column) -- 1 retries, 2 child losses, 3 host losses
  local at = i * 4 + column
  local n = string.byte(redis.call("GETRANGE", ST, at, at))
  if n < 255 then
    redis.call("SETRANGE", ST, at, string.char(n + 1))
  end
end

-- Moves a step if the rule-book allows it; returns the new state or nil.
local function move(i, from, event)
  local to = NEXT[from] and NEXT[from][event]
  if to then
    redis.call("SETRANGE", ST, i * 4, to)
    if FINAL[to] and not FINAL[from] then
      M.left = M.left - 1
    end
  end
  return to
end

local function enqueue(i)
  local rank, queue = fixed(i)
  redis.call("ZADD", P .. "ready:" .. queue, -rank, member(i))
end

local function give_back(i)
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
    for from = 1, last, 250 do
      local args = {}
      for at = from, math.min(from + 249, last) do
        args[#args + 1] = "INCRBY"
        args[#args + 1] = "u32"
        args[#args + 1] = "#" .. steps[at]
        args[#args + 1] = -1
      end
      local pending = redis.call("BITFIELD", PEND, unpack(args))
      for at = from, math.min(from + 249, last) do
        if pending[at - from + 1] == 0 then
          local i = steps[at]
          if move(i, state_of(i), "unblock") then
            enqueue(i)
          end
        end
      end
    end
  else
    for at = 1, last do
      local i = steps[at]
      local from = state_of(i)
      if move(i, from, event) then
        moved[#moved + 1] = i
        if from == "C" and ENTRY then
          drop_claim(ENTRY, i)
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
  local found = {}
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
          found[#found + 1] = { queue, hints[k] and tonumber(hints[k]) or -1, mark }
        end
      end
    end
  end
  return found
end

local function end_run(status)
  M.status = status
  fact("run_ended", "", 0, '{"status":"' .. status .. '"}')
  redis.call("DEL", DUE, SLOTS, TODO, CHORES)
  for _, queue in ipairs(M.queues) do
    redis.call("DEL", P .. "ready:" .. queue, P .. "ann:" .. queue)
  end
  redis.call("HSET", META, "ended", whole(NOW))
  local ttl = tonumber(redis.call("HGET", META, "ttl"))
  for _, key in ipairs({ META, ST, PEND, STEP, OUT, FACTS, P .. "plan" }) do
    redis.call("EXPIRE", key, ttl)
  end
  redis.call("ZREM", LIVE, RUN)
  redis.call("ZADD", RECENT, NOW, RUN)
  redis.call("ZREMRANGEBYSCORE", RECENT, "-inf", NOW - ttl * 1000)
  redis.call("EXPIRE", RECENT, ttl)
end

local function finish_if_done()
  if M.left > 0 then
    return
  end
  if M.status == "CANCELLING" then
    if M.held == 0 and M.unpub == 0 then
      end_run("CANCELLED")
    end
  elseif M.status == "RUNNING" or M.status == "FINISHING" then
    if M.unpub == 0 then
      end_run(M.failed > 0 and "FAILED" or "SUCCEEDED")
    else
      M.status = "FINISHING"
    end
  end
end

-- What every verb on a run shares. NEXT and FINAL (the rule-book) are put before this text.
--
-- KEYS[1]  prefix of the run's keys, "af:{run}:"
--   meta        hash    status, left, unpub, held, failed, tok, marks, queues, pools, special (whether any step has a
--                       pool or is claimed alone), prio, limits, boots (processes that died opening the run since the last claim), end,
--                       voided (steps that are taken out of a cancelled run so far), times, about, ttl, code
--   st          string  4 bytes a step: state, retries, child losses, host losses
--   pend        string  u32 a step: parents it still waits for
--   step        string  11 bytes a step: rank u32, queue u8, pool u8 (0: none), alone u8, line u32 (0xffffffff: none)
--   out         string  12 bytes an output: token u64, nonce u32
--   ready:{q}   zset    ready steps of queue q, score = -rank
--   due         zset    delayed steps, score = ms
--   slots       hash    slot -> {b = batch, c = claims, u = unpublished, r = reply, x = cancelled, t = ms of its last call}
--   ann:{q}     zset    wake-ups sent and not answered, score = ms
--   refused     string  there for a few seconds after a worker could not work on the run
--   todo        list    pieces of large fan-outs
--   chores      list    settled outputs whose slot died before publishing
--   facts       stream  k kind, s steps, t token, d detail
-- Everything is checked before the first write: a script that fails half-way would keep what it wrote.

local P = KEYS[1]
local META, ST, PEND, STEP, OUT = P .. "meta", P .. "st", P .. "pend", P .. "step", P .. "out"
local DUE, SLOTS, TODO, CHORES, FACTS = P .. "due", P .. "slots", P .. "todo", P .. "chores", P .. "facts"
local LIVE, RECENT, UNRECORDED, LIVE_SLOTS = "af:runs", "af:recent", "af:unrecorded", "af:q"
local UNRECORDED_SECONDS = 604800 -- that an ended run waits for whoever records it
local NO_LINE = 4294967295
local BUDGET = 1000 -- elements of a fan-out handled in one call
local FRESH_MS = 2000 -- an unanswered wake-up older than this is lost, if a slot is idle

local clock = redis.call("TIME")
local NOW_US = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local NOW = math.floor(NOW_US / 1000)

local RUN = string.sub(P, 4, -2)
local M = {} -- the run's counters, written back by save()
local ENTRY = nil -- the calling slot's entry
local spent = 0

-- Rows of equal width behind one key, which are read in blocks. What is changed is written by write_back, rows that
-- stand side by side in one call: a call takes longer than all else that is done with a row.
local ROWS_READ = 64

local function column(key, width)
  return { key = key, width = width, blocks = {}, changed = {}, order = {} }
end

local STATES, PENDING, FIXED, VERSIONS = column(ST, 4), column(PEND, 4), column(STEP, 11), column(OUT, 12)

local function row(rows, i)
  local changed = rows.changed[i]
  if changed then
    return changed
  end
  local block, width = math.floor(i / ROWS_READ), rows.width
  local first = block * ROWS_READ
  local text = rows.blocks[block]
  if not text then
    text = redis.call("GETRANGE", rows.key, first * width, (first + ROWS_READ) * width - 1)
    rows.blocks[block] = text
  end
  local at = (i - first) * width
  return string.sub(text, at + 1, at + width)
end

local function put(rows, i, text)
  if not rows.changed[i] then
    rows.order[#rows.order + 1] = i
  end
  rows.changed[i] = text
end

local function write_back()
  for _, rows in ipairs({ STATES, PENDING, VERSIONS }) do
    local order, changed = rows.order, rows.changed
    table.sort(order)
    local from = 1
    while from <= #order do
      local to, pieces = from, { changed[order[from]] }
      while order[to + 1] == order[to] + 1 do
        to = to + 1
        pieces[#pieces + 1] = changed[order[to]]
      end
      redis.call("SETRANGE", rows.key, order[from] * rows.width, table.concat(pieces))
      from = to + 1
    end
    rows.blocks, rows.changed, rows.order = {}, {}, {}
  end
end

local function whole(n)
  return string.format("%d", n) -- up to 2^53, as all that is counted here
end

local function load_run()
  local v = redis.call("HMGET", META, "status", "left", "unpub", "held", "failed", "tok", "marks", "queues", "started",
    "special", "pools", "prio", "boots")
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
    special = v[10] == "1",
    pools = v[11] and cmsgpack.unpack(v[11]) or {},
    prio = tonumber(v[12] or 0),
    boots = v[13],
  }
  return true
end

local function save()
  write_back()
  redis.call("HSET", META, "status", M.status, "left", whole(M.left), "unpub", whole(M.unpub), "held", whole(M.held),
    "failed", whole(M.failed), "tok", whole(M.tok), "marks", whole(M.marks))
end

local function over()
  return M.status == "SUCCEEDED" or M.status == "FAILED" or M.status == "CANCELLED" or M.status == "INCONSISTENT"
end

local function fact(kind, steps, token, detail)
  return redis.call("XADD", FACTS, "*", "k", kind, "s", steps, "t", token, "d", detail)
end

local function member(i)
  return string.format("%08d", i)
end

local function fixed(i) -- rank, queue name, line, pool name or nil, whether it is claimed alone
  local rank, queue, pool, alone, line = struct.unpack(">I4BBBI4", row(FIXED, i))
  return rank, M.queues[queue + 1], line, M.pools[pool], alone == 1
end

local function state_of(i)
  return string.sub(row(STATES, i), 1, 1)
end

local function pending_of(i)
  return (struct.unpack(">I4", row(PENDING, i)))
end

local function bump(i, place) -- 1 retries, 2 child losses, 3 host losses
  local text = row(STATES, i)
  local n = string.byte(text, place + 1)
  if n < 255 then
    put(STATES, i, string.sub(text, 1, place) .. string.char(n + 1) .. string.sub(text, place + 2))
  end
end

-- Moves a step if the rule-book allows it; returns the new state or nil.
local function move(i, from, event)
  local to = NEXT[from] and NEXT[from][event]
  if to then
    put(STATES, i, to .. string.sub(row(STATES, i), 2))
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

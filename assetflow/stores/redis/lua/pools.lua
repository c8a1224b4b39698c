-- Pools: named limits on steps that run at once, over all runs.
--   af:pools            hash  pool -> limit; no entry: no limit
--   af:pool:{p}         hash  "run|step" -> ms: claims that hold a token, and ready steps that were handed one
--   af:pool:{p}:wait    zset  "run|step", best first: by priority of the run, length of path, age of the run
-- A token belongs to a claim and is freed with it, never by time. Who frees one hands it to the first that waits.

local WOKEN = {} -- wake-ups that follow from what was handed to other runs
local HANDED_ON = 64 -- tokens handed on in one call; the sweeper goes on with the rest

local function holder(i)
  return RUN .. "|" .. member(i)
end

local function wake(run, queue, i)
  local p = "af:" .. run .. ":"
  local slots = tonumber(redis.call("HGET", LIVE_SLOTS, queue) or 0)
  local sent = p .. "ann:" .. queue
  if slots > 0 and redis.call("ZCARD", sent) < math.max(4, 2 * slots) then
    local mark = whole(redis.call("HINCRBY", p .. "meta", "marks", 1))
    redis.call("ZADD", sent, NOW, mark)
    WOKEN[#WOKEN + 1] = { queue, i, mark, run, tonumber(redis.call("HGET", p .. "meta", "prio") or 0) }
  end
end

-- Make a step that waits for a pool ready; it holds a token now, unless its run is paused.
local function admit(pool, text)
  local run, number = string.match(text, "^(.*)|(%d+)$")
  local i, p = tonumber(number), "af:" .. run .. ":"
  local from = run == RUN and state_of(i) or redis.call("GETRANGE", p .. "st", i * 4, i * 4)
  local to = NEXT[from] and NEXT[from].admit
  if not to then
    return
  end
  local meta = redis.call("HMGET", p .. "meta", "status", "queues")
  local live = meta[1] == "RUNNING"
  if run == RUN then
    live = M.status == "RUNNING"
  end
  if live then
    redis.call("HSET", "af:pool:" .. pool, text, whole(NOW))
  end
  if run == RUN then
    move(i, from, "admit")
  else
    redis.call("SETRANGE", p .. "st", i * 4, to)
  end
  local rank, queue = struct.unpack(">I4B", redis.call("GETRANGE", p .. "step", i * 11, i * 11 + 4))
  local name = cmsgpack.unpack(meta[2])[queue + 1]
  redis.call("ZADD", p .. "ready:" .. name, -rank, member(i))
  if live and run ~= RUN then
    wake(run, name, i)
  end
end

local function hand_on(pool)
  local holders = "af:pool:" .. pool
  local limit = tonumber(redis.call("HGET", "af:pools", pool))
  for _ = 1, HANDED_ON do
    if limit and redis.call("HLEN", holders) >= limit then
      return
    end
    local first = redis.call("ZPOPMIN", holders .. ":wait")
    if not first[1] then
      return
    end
    admit(pool, first[1])
  end
end

-- A token for a step about to be claimed: the one it was handed, or a free one. Else it waits.
local function acquire(pool, i, rank)
  local holders, me = "af:pool:" .. pool, holder(i)
  if redis.call("HEXISTS", holders, me) == 1 then
    return true
  end
  local limit = tonumber(redis.call("HGET", "af:pools", pool))
  if limit and redis.call("HLEN", holders) >= limit then
    move(i, "R", "hold")
    redis.call("ZADD", holders .. ":wait", (1000 - M.prio) * 65536 + 65535 - math.min(rank, 65535), me)
    return false
  end
  redis.call("HSET", holders, me, whole(NOW))
  return true
end

local function release(i)
  if M.special then
    local _, _, _, pool = fixed(i)
    if pool and redis.call("HDEL", "af:pool:" .. pool, holder(i)) == 1 then
      hand_on(pool)
    end
  end
end

local function leave_pool(i) -- neither hold a token nor wait for one
  local _, _, _, pool = fixed(i)
  if pool then
    redis.call("ZREM", "af:pool:" .. pool .. ":wait", holder(i))
    release(i)
  end
end

local function release_all() -- at the end of the run, whatever state it is in
  for _, pool in ipairs(M.pools) do
    local holders, mine = "af:pool:" .. pool, RUN .. "|"
    for _, who in ipairs(redis.call("HKEYS", holders)) do
      if string.sub(who, 1, #mine) == mine then
        redis.call("HDEL", holders, who)
      end
    end
    hand_on(pool)
  end
end

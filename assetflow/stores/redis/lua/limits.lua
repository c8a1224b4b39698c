-- Run limits: how many runs with a tag, or runs at all, may be under way at once.
--   af:limits           hash  name -> limit; names are "*", "tag" and "tag=value"
--   af:limit:{name}     set   runs under way that count towards the name
--   af:queued           zset  runs that wait, best first: by priority, then by age
-- The script that ends a run starts those that wait for it.

local LOOKED_AT = 100 -- waiting runs that one call looks at

local function full(names)
  for _, name in ipairs(names) do
    local limit = tonumber(redis.call("HGET", "af:limits", name))
    if limit and redis.call("SCARD", "af:limit:" .. name) >= limit then
      return true
    end
  end
  return false
end

local function limits_of(run)
  local raw = redis.call("HGET", "af:" .. run .. ":meta", "limits")
  return raw and cmsgpack.unpack(raw) or {}
end

local function enter_limits(run, names)
  for _, name in ipairs(names) do
    redis.call("SADD", "af:limit:" .. name, run)
  end
end

local function begin_others()
  for _, run in ipairs(redis.call("ZRANGE", "af:queued", 0, LOOKED_AT - 1)) do
    local p = "af:" .. run .. ":"
    local meta = redis.call("HMGET", p .. "meta", "status", "queues")
    if meta[1] ~= "QUEUED" then
      redis.call("ZREM", "af:queued", run)
    elseif run ~= RUN then
      local names = limits_of(run)
      if not full(names) then
        redis.call("ZREM", "af:queued", run)
        enter_limits(run, names)
        redis.call("HSET", p .. "meta", "status", "RUNNING")
        redis.call("XADD", p .. "facts", "*", "k", "run_started", "s", "", "t", 0, "d", "{}")
        for _, queue in ipairs(cmsgpack.unpack(meta[2])) do
          for _, i in ipairs(redis.call("ZRANGE", p .. "ready:" .. queue, 0, 15)) do
            wake(run, queue, tonumber(i))
          end
        end
      end
    end
  end
end

local function leave_limits()
  local freed = redis.call("ZREM", "af:queued", RUN)
  for _, name in ipairs(limits_of(RUN)) do
    freed = freed + redis.call("SREM", "af:limit:" .. name, RUN)
  end
  if freed > 0 then
    begin_others()
  end
end

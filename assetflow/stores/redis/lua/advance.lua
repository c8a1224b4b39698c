-- advance: settle what a slot finished and claim what is ready, in one round trip.
-- ARGV[1]  msgpack of runs.claims.Advance
-- Returns  msgpack of runs.claims.Advanced and, if asked for, the versions of all outputs; or the error replies
--          NORUN, LOSTPLACE
-- Twice:   the same batch number gets the stored reply and nothing happens again.
-- Fenced:  an outcome counts only if this slot still holds that claim, told by its nonce.

local req = cmsgpack.unpack(ARGV[1])
local slot, batch, outcomes, published, queue, want, hint, mark, nonce, tells =
  req[1], req[2], req[3], req[4], req[5], req[6], req[7], req[8], req[9], req[10]
local TOLD_BYTES = 24000 -- as many versions are sent faster than asked for on another occasion

if not load_run() then
  return redis.error_reply("NORUN")
end

local accepted, refused, claims, chores = {}, {}, {}, {}
local SKIPPED_FOR_POOLS = 32 -- steps a claim looks at in vain because their pools are full

local function with_versions(reply)
  if tells and redis.call("STRLEN", OUT) <= TOLD_BYTES then
    return { reply, redis.call("GETRANGE", OUT, 0, -1) }
  end
  return { reply }
end

if over() then
  for _, outcome in ipairs(outcomes) do
    refused[#refused + 1] = outcome[1]
  end
  return { cmsgpack.pack({ batch, M.status, claims, accepted, refused, {}, chores, false, M.left, false }) }
end

local raw = redis.call("HGET", SLOTS, slot)
ENTRY = raw and cmsgpack.unpack(raw) or { b = 0, c = {}, u = {} }
if ENTRY.b == batch then
  return with_versions(ENTRY.r)
end
if ENTRY.b ~= batch - 1 then
  return redis.error_reply("LOSTPLACE")
end

if mark ~= "" then
  redis.call("ZREM", P .. "ann:" .. queue, mark)
end

for _, outcome in ipairs(outcomes) do
  local claim
  for at, held in ipairs(ENTRY.c) do
    if held[1] == outcome[1] and held[3] == outcome[2] then
      claim = table.remove(ENTRY.c, at)
      break
    end
  end
  if claim and not ENTRY.x then
    accepted[#accepted + 1] = outcome[1]
    settle(claim, outcome)
  else
    if claim then
      release(claim[1])
    end
    refused[#refused + 1] = outcome[1]
  end
end

if ENTRY.x then -- the run was cancelled, and the slot has seen it now
  for _, claim in ipairs(ENTRY.c) do
    release(claim[1])
  end
  ENTRY.x = nil
  ENTRY.c = {}
  M.held = M.held - 1
end

for _, output in ipairs(published) do
  for at, item in ipairs(ENTRY.u) do
    if item[1] == output then
      table.remove(ENTRY.u, at)
      M.unpub = M.unpub - 1
      break
    end
  end
end

continue_todo()
promote()

local function take(i, event, from, retries, child_losses, host_losses)
  move(i, from, event)
  M.tok = math.max(M.tok + 1, NOW_US)
  local mine = (nonce + #claims) % 4294967296
  ENTRY.c[#ENTRY.c + 1] = { i, M.tok, mine }
  claims[#claims + 1] = { i, M.tok, mine, retries, child_losses, host_losses }
end

local function claim()
  local ready = P .. "ready:" .. queue
  local n = redis.call("ZCARD", ready)
  if n == 0 then
    return
  end
  local slots = math.max(tonumber(redis.call("HGET", LIVE_SLOTS, queue) or 1), 1)
  local share = math.min(want, math.max(1, math.ceil(n / slots)))
  local picks = {}
  if hint >= 0 and redis.call("ZREM", ready, member(hint)) == 1 then
    picks[1] = hint
  end
  local held_up, complete, alone = 0, false, false
  while not complete and #claims < share do
    if #picks < share - #claims then
      local popped = redis.call("ZPOPMIN", ready, share - #claims - #picks)
      for at = 1, #popped, 2 do
        picks[#picks + 1] = tonumber(popped[at])
      end
    end
    if #picks == 0 then
      break
    end
    for _, i in ipairs(picks) do
      local text = row(STATES, i)
      local from, retries, child_losses, host_losses = string.sub(text, 1, 1), string.byte(text, 2, 4)
      local single = retries + child_losses + host_losses > 0 -- what has failed before is tried without company
      local rank, pool, always
      if M.special then
        rank, _, _, pool, always = fixed(i)
        single = single or always
      end
      if complete or (single and #claims > 0) then
        enqueue(i)
        complete = true
      elseif pool and not acquire(pool, i, rank) then
        held_up = held_up + 1
        complete = held_up >= SKIPPED_FOR_POOLS
      else
        take(i, "claim", from, retries, child_losses, host_losses)
        alone, complete = single, single
      end
    end
    picks = {}
  end
  if alone then
    return
  end
  -- Steps that only wait for a step of this batch come along: no one else could start them.
  local at = 1
  while at <= #claims and #claims < want do
    local _, _, line = fixed(claims[at][1])
    if line ~= NO_LINE then
      if row(STATES, line) == "W\0\0\0" and pending_of(line) == 1 then
        take(line, "follow", "W", 0, 0, 0)
      end
    end
    at = at + 1
  end
end

if M.status == "RUNNING" and want > 0 then
  claim()
  if #claims > 0 and not M.started then
    redis.call("HSET", META, "started", whole(NOW))
  end
  if #claims > 0 and M.boots then -- it can be opened
    redis.call("HDEL", META, "boots")
  end
end

if want > 0 then
  for _ = 1, 16 do
    local chore = redis.call("LPOP", CHORES)
    if not chore then
      break
    end
    local item = cmsgpack.unpack(chore)
    ENTRY.u[#ENTRY.u + 1] = item
    chores[#chores + 1] = item
  end
end

finish_if_done()
local found = announcements()
local more = not over() and redis.call("EXISTS", TODO) == 1
save()
local alone = #M.queues == 1 and redis.call("ZCARD", LIVE) == 1 and not over()
local reply = cmsgpack.pack({ batch, M.status, claims, accepted, refused, found, chores, more, M.left, alone })
if not over() then
  ENTRY.b = batch
  ENTRY.r = reply
  ENTRY.t = NOW
  redis.call("HSET", SLOTS, slot, cmsgpack.pack(ENTRY))
end
tells = tells and #claims > 0
return with_versions(reply)

-- pause: let nothing more be claimed. What is claimed goes on, and settles.
-- Returns  msgpack {the run's status, announcements for other runs}, or the error reply NORUN
-- Twice:   nothing more happens.

if not load_run() then
  return redis.error_reply("NORUN")
end
if M.status == "RUNNING" then
  M.status = "PAUSED"
  fact("run_paused", "", 0, "{}")
  if M.special then -- a token that was handed to a step is no use to it now
    for _, queue in ipairs(M.queues) do
      for _, i in ipairs(redis.call("ZRANGE", P .. "ready:" .. queue, 0, -1)) do
        release(tonumber(i))
      end
    end
  end
  save()
end
return cmsgpack.pack({ M.status, announcements() })

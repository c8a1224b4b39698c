-- resume: go on with a paused run.
-- Returns  msgpack {the run's status, announcements}, or the error reply NORUN
-- Twice:   nothing more happens.

if not load_run() then
  return redis.error_reply("NORUN")
end
local found = {}
if M.status == "PAUSED" then
  M.status = "RUNNING"
  fact("run_resumed", "", 0, "{}")
  finish_if_done()
  found = announcements()
  save()
end
return cmsgpack.pack({ M.status, found })

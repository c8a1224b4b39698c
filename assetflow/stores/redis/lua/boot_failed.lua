-- boot_failed: a process died while it opened the run, before it claimed anything.
-- ARGV[1]  detail of the fact, JSON
-- Returns  how often that has happened; 0 if the run is gone or over

if not load_run() or over() then
  return 0
end
fact("step_lost", "", 0, ARGV[1])
return redis.call("HINCRBY", META, "boots", 1)

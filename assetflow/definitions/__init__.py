"""What a user writes. Data only: nothing here runs, stores or schedules anything."""

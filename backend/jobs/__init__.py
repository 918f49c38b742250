"""What runs after the request, in the worker: each module registers its jobs by name with `backend.jobs.app.job`."""

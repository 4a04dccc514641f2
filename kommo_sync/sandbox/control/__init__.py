"""The routes under /_sandbox: history, faults, time, and what people do."""

def measure_schedules(cluster, say): return []
def measure_scale(cluster, say): return []

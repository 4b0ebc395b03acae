"""A path by adelie: problem.npz, path.npz, tolerance, runs. Prints the CPU seconds of the quickest run as JSON."""

import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import adelie as ad
import numpy as np

given, tolerance = np.load(sys.argv[1]), float(sys.argv[3])
X, y = np.asfortranarray(given["X"]), given["y"].astype(np.float64)
settings = {"tol": tolerance, "irls_tol": tolerance, "early_exit": False, "progress_bar": False, "n_threads": 1}
least = np.inf
for _ in range(int(sys.argv[4])):
    start = time.process_time()
    flags = not len(given["time"])
    glm = ad.glm.binomial(y) if flags else ad.glm.cox(np.zeros(len(y)), given["time"], y, tie_method="breslow")
    state = ad.grpnet(X, glm, lmda_path=given["penalties"], **settings)
    least = min(least, time.process_time() - start)
intercept = np.zeros(len(state.lmdas)) if len(given["time"]) else np.asarray(state.intercepts).reshape(-1)
np.savez(sys.argv[2], path=np.column_stack([intercept, state.betas.toarray()]))
print(json.dumps({"seconds": least}))

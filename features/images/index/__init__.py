"""From a cohort's files to its scans."""

"""COCO, CrowdPose, MPII and the generated data set."""

"""Ground floor: knows no business."""

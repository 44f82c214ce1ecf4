"""What every form's state and frame is: errors beside their fields, nothing sent twice, nothing typed lost."""

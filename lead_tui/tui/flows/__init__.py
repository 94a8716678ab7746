"""The flows of a folder and what is known of them: found, judged, prepared for a run. No textual."""

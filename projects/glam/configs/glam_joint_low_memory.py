# Step 4 at full size with six patches on a GPU of 8 GB: one image a step, stages and blocks computed again.
_base_ = './glam_joint.py'
model = dict(global_module=dict(backbone=dict(recompute=True)), local_module=dict(recompute=True))
train_dataloader = dict(batch_size=1)

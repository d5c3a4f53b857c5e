from django.urls import path

from apps.notifications.api import views

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/channels", views.Channels.as_view()),
    path(f"{W}/channels/<uuid:channel_id>", views.ChannelDetail.as_view()),
    path(f"{W}/channels/<uuid:channel_id>/tests", views.ChannelTests.as_view()),
    path(f"{W}/channels/<uuid:channel_id>/deliveries", views.ChannelDeliveries.as_view()),
]
